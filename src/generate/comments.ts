import type { DescEnum, DescEnumValue, DescField, DescMessage, DescMethod, DescOneof, DescService } from '@bufbuild/protobuf';
import { getComments } from '@bufbuild/protoplugin';

type Commented = DescEnum | DescEnumValue | DescField | DescMessage | DescMethod | DescOneof | DescService;

/** The comment before an element of a proto, without the blanks at the beginning of its lines; empty if there is none. */
export function commentOf(desc: Commented): string {
  return (getComments(desc).leading ?? '').replaceAll(/^ /gm, '').trim();
}
