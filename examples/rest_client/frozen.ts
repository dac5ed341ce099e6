import { readFileSync } from 'node:fs';
import { OperatorServiceClient, isOperatorServiceError } from '../../gen/rest/keyturn/v1/operator_service.ts';
import { bearer } from '../../gen/rest/runtime/index.ts';

/**
 * Freezes the devices that are named, and lists all that are frozen:
 * `node examples/rest_client/frozen.ts http://localhost:8080 data/operator.token meter-1 meter-2`.
 */
const [baseUrl = '', tokenFile = '', ...named] = process.argv.slice(2);
const operator = new OperatorServiceClient({ baseUrl, headers: { authorization: bearer(readFileSync(tokenFile, 'utf8').trim()) }, timeout: 10_000 });

for (const id of named) {
  try {
    const { state } = await operator.freezeDevice({ device_id: id });
    process.stdout.write(`${id} ${state}\n`);
  } catch (error) {
    if (!isOperatorServiceError(error) || error.code !== 'DEVICE_NOT_FOUND') throw error;
    process.stdout.write(`${id} is not registered\n`);
  }
}

for (let token: string | undefined = ''; token !== undefined; ) {
  const page = await operator.listDevices({ page_size: 100, page_token: token });
  for (const { device_id: id } of page.devices.filter(({ state }) => state === 'FROZEN')) process.stdout.write(`frozen: ${id}\n`);
  token = page.next_page_token === '' ? undefined : page.next_page_token;
}
