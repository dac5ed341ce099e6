import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { hasContent } from './http_status.ts';
import { memberName } from './json/write.ts';
import type { Method } from './model.ts';

/** The member that only the last line of a stream over REST has, where it ends with an error. */
export const ERROR_MEMBER = 'error';

/** Their JSON has whatever members it is given. */
const ANY_MEMBERS = new Set(['google.protobuf.Any', 'google.protobuf.Struct', 'google.protobuf.Value']);

/** Only answers are streamed, as lines of JSON that can be told from the error at their end. */
export function checkStream(method: Method, holes: string[]): void {
  const { desc, rules } = method;
  const say = (hole: string): unknown => holes.push(`${desc.toString()}: ${hole}`);
  if (desc.methodKind === 'client_streaming' || desc.methodKind === 'bidi_streaming') say('streams its request, which is not served');
  if (!method.isStream) return;
  if (rules.responseMediaType !== '') say('is a stream, whose answers are JSON: unset response_media_type');
  for (const status of rules.statuses) if (!hasContent(status)) say(`is a stream, and answers of status ${status} have no content`);
  for (const { responseBody } of method.http) {
    const field = desc.output.fields.find(({ name }) => name === responseBody);
    const message = field === undefined ? desc.output : field.message;
    if (message?.typeName === 'google.api.HttpBody') say('is a stream, whose answers are JSON and no google.api.HttpBody');
    if (field === undefined ? ofMessage(desc.output, method) : ofField(field, method)) {
      say(`is a stream, and its answers could have a member ${ERROR_MEMBER}, by which callers know the error at its end`);
    }
  }
}

/** Whether the JSON of a field is an object that could have the member. */
function ofField(field: DescField, method: Method): boolean {
  if (field.fieldKind === 'map') return true;
  return field.fieldKind === 'message' && ofMessage(field.message, method);
}

function ofMessage(desc: DescMessage, { rules }: Method): boolean {
  return ANY_MEMBERS.has(desc.typeName) || desc.fields.some((field) => memberName(field, rules) === ERROR_MEMBER);
}
