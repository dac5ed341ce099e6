import type { DescEnum, DescEnumValue, DescField, DescFile, DescMessage, DescMethod, DescOneof, DescService } from '@bufbuild/protobuf';
import { getComments, getPackageComments } from '@bufbuild/protoplugin';

type Commented = DescEnum | DescEnumValue | DescField | DescMessage | DescMethod | DescOneof | DescService;

/** The comment before an element of a proto, without the blanks at the beginning of its lines; empty if there is none. */
export function commentOf(desc: Commented): string {
  return withoutBlanks(getComments(desc).leading);
}

/** The comment before the `package` of a file, likewise. */
export function packageCommentOf(desc: DescFile): string {
  return withoutBlanks(getPackageComments(desc).leading);
}

function withoutBlanks(comment = ''): string {
  return comment.replaceAll(/^ /gm, '').trim();
}
