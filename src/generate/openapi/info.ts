import { OtherMethods } from '../../../gen/keyturn/options/v1/options.ts';
import type { Contract, Service } from '../../contract/model.ts';
import { commentOf, packageCommentOf } from '../comments.ts';
import { markdownOf, restOf, summaryOf } from './markdown.ts';
import type { Making } from './making.ts';
import { partOf } from './part.ts';
import type { Part } from './part.ts';

const OTHER_METHODS: ReadonlyMap<OtherMethods, string> = new Map([
  [OtherMethods.OTHER_METHODS_NOT_FOUND, 'A method that is not listed gets the same answer as an unknown path, HEAD and OPTIONS included.'],
  [OtherMethods.OTHER_METHODS_NOT_ALLOWED, 'HEAD is answered wherever GET is, OPTIONS with 204 and `Allow`; another method that is not listed gets 405 with `Allow`.'],
  [OtherMethods.OTHER_METHODS_REFUSED, 'HEAD is answered wherever GET is; another method that is not listed gets 405 with `Allow`.'],
]);

/** What holds for every contract that is served by google.api.http. */
const COMMON = [
  'The operations are the `google.api.http` rules of the protobuf contract, and every call is served over gRPC as well, by the names of its tag and operation: `DeviceService_GetDevice` is `GetDevice` of `DeviceService`.',
  '### Requests',
  '- A request target has at most 8192 characters; the request line with all headers 16384 bytes, in at most 100 headers. The most bytes of a body stand at each operation.',
  '- Path and query are percent-decoded once. Paths have no trailing slash.',
  '- Where a request schema allows no additional properties, members count by their names in the proto and by their JSON names; elsewhere members that are not known are dropped.',
  '- `grpc-timeout`, such as `5S` or `200m`, sets a deadline, as over gRPC.',
  '- HTTP/1.1 messages that are malformed are refused with 400, 408 or 417 before any operation is looked for, and the connection is closed.',
  '### Answers',
  '- Every answer of an operation has `X-Request-ID`, and `Cache-Control: no-store` unless it says otherwise; and `Content-Security-Policy`, `Referrer-Policy` and `X-Content-Type-Options`, over TLS also `Strict-Transport-Security`.',
  '- A refusal has the exact bytes of its example, but for the request id, numbers, and the fields that are named as at fault. Each example is named by its reason, which gRPC callers find in `google.rpc.ErrorInfo`.',
  '- HEAD and OPTIONS are listed only where they have a rule of their own; the description of each tag says how they are answered elsewhere.',
  '- Values marked `x-debug-redact` are never logged by the service; a client should not log them either.',
];

/** `info`: what the comment of the contract's package says, and what holds for all contracts. */
export function infoOf({ contract, packageName }: Making): Part {
  const [name = '', ...version] = packageName.split('.');
  const comment = contract.services.map(({ desc }) => packageCommentOf(desc.file)).find((text) => text !== '') ?? '';
  return partOf({
    title: name.charAt(0).toUpperCase() + name.slice(1),
    version: version.join('.') || name,
    summary: comment === '' ? undefined : summaryOf(comment),
    description: [restOf(comment), ...COMMON].filter((text) => text !== '').join('\n\n'),
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  });
}

/** A tag for each service that has paths. */
export function tagsOf({ services }: Contract): Part[] {
  return services.filter(({ methods }) => methods.some(({ http }) => http.length > 0)).map(tagOf);
}

function tagOf({ desc, rules }: Service): Part {
  const texts = [markdownOf(commentOf(desc)), OTHER_METHODS.get(rules.otherMethods) ?? ''];
  return { name: desc.name, description: texts.filter((text) => text !== '').join('\n\n') };
}
