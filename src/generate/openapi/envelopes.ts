import { Envelope } from '../../../gen/keyturn/options/v1/options.ts';
import type { Part } from './part.ts';

const text = (description: string): Part => ({ type: 'string', description });
const whole = (description: string): Part => ({ type: 'integer', description });

function object(description: string, properties: Part, required = Object.keys(properties)): Part {
  return { type: 'object', description, properties, required, additionalProperties: false };
}

const ERROR_INFO = object('google.rpc.ErrorInfo: why the call was refused.', {
  '@type': { const: 'type.googleapis.com/google.rpc.ErrorInfo' },
  reason: text('The reason, which programs act upon.'),
  domain: text('Who gives the reason.'),
});

const VIOLATION = object('What is wrong with one field.', {
  field: text("The field's path by proto names, such as `device.scopes[2]`; empty for the request itself."),
  description: text('For people. Never quotes the value.'),
});

const BAD_REQUEST = object('google.rpc.BadRequest: the fields at fault.', {
  '@type': { const: 'type.googleapis.com/google.rpc.BadRequest' },
  fieldViolations: { type: 'array', items: VIOLATION },
});

const STATUS = object('google.rpc.Status as JSON.', {
  code: whole('The status over gRPC, a google.rpc.Code.'),
  message: text('For people.'),
  details: { type: 'array', items: { anyOf: [ERROR_INFO, BAD_REQUEST] } },
});

const IOT_IDP = object('The error of the device API.', {
  error: {
    ...object(
      'Status 429 has no `request`.',
      {
        code: whole('The HTTP status.'),
        status: text('The code word of the status. A setting replaces `Forbbiden`, as it is documented, by `Forbidden`.'),
        request: text('The id of the request, as in `X-Request-ID`.'),
        message: text('For people.'),
      },
      ['code', 'status', 'message'],
    ),
    if: { properties: { code: { const: 429 } } },
    else: { required: ['request'] },
  },
});

const IOTDA = object(
  "The error of the device management API. In the gateway's style, a setting, it has `request_id` as well, and the examples that say so have other words.",
  {
    error_code: text('The code word, which programs act upon.'),
    error_msg: text('For people.'),
    request_id: text("The id of the request, as in `X-Request-ID`; in the gateway's style alone."),
  },
  ['error_code', 'error_msg'],
);

const IAM = object('The error of the token API.', {
  error: object('What was wrong.', {
    code: whole('The HTTP status.'),
    message: text('For people.'),
    title: text('The code word of the status.'),
  }),
});

const AUTHENTIQ = object('The error of the identity API.', {
  error: whole('The HTTP status.'),
  type: text('The code word, which programs act upon. A setting puts a URI before it.'),
  title: text('A title for people.'),
  detail: text('A sentence for people.'),
});

interface Named {
  readonly name: string;
  readonly schema: Part;
}

const ENVELOPES: ReadonlyMap<Envelope, Named> = new Map([
  [Envelope.ENVELOPE_RPC_STATUS, { name: 'RpcStatus', schema: STATUS }],
  [Envelope.ENVELOPE_IOT_IDP, { name: 'IotIdpError', schema: IOT_IDP }],
  [Envelope.ENVELOPE_IOTDA, { name: 'IotdaError', schema: IOTDA }],
  [Envelope.ENVELOPE_IAM, { name: 'IamError', schema: IAM }],
  [Envelope.ENVELOPE_AUTHENTIQ, { name: 'AuthentiqError', schema: AUTHENTIQ }],
]);

/** The schemas of all envelopes, by their names. */
export const ENVELOPE_SCHEMAS: Readonly<Record<string, Part>> = Object.fromEntries(Array.from(ENVELOPES.values(), ({ name, schema }) => [name, schema]));

/** A reference to the schema of an envelope. Throws an Error if it has none. */
export function envelopeSchema(envelope: Envelope): Part {
  const found = ENVELOPES.get(envelope);
  if (found === undefined) throw new Error(`envelope ${envelope} has no schema`);
  return { $ref: `#/components/schemas/${found.name}` };
}
