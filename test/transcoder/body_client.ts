import { request } from 'node:http';

/** What was answered, with the body as bytes. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Sends bytes under a Content-Type, or without one, and takes bytes. */
export function exchange(
  url: string,
  body: string | Uint8Array,
  type: string | undefined,
  { method = 'PUT', headers = {} }: { method?: string; headers?: Readonly<Record<string, string | string[]>> } = {},
): Promise<RawAnswer> {
  const all = { ...headers, ...(type === undefined ? {} : { 'content-type': type }), 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: all }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** The fields that a refusal in google.rpc.Status names. */
export function fieldsOf({ body }: RawAnswer): string[] {
  const { details = [] } = JSON.parse(body.toString()) as { details?: { fieldViolations?: { field: string }[] }[] };
  return details.flatMap((detail) => detail.fieldViolations ?? []).map((violation) => violation.field);
}
