import { createAccessKey, createToken, createUser, operate, tokenRequest } from '../../support/iotda.ts';
import { stopServer } from '../../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../../support/service.ts';
import { reportTo } from '../reports.ts';

/** The process of the real service, on a database of its own, for which requests of applications are broken. */
const service = await startService({ settings: { KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000', KEYTURN_OPERATOR_CALLS_PER_MINUTE: '100000000', KEYTURN_LOG_LEVEL: 'info' } });
const user = await createUser(service);
const material = {
  credentials: await createAccessKey(service),
  limited: await createAccessKey(service, 'default', ['iotda:devices:query', 'iotda:devices:resetSecret']),
  token: await createToken(service, user),
  operatorToken: OPERATOR_TOKEN,
  tokenRequest: JSON.stringify(tokenRequest(user)),
};
for (let number = 0; number < 8; number += 1) await operate(service, 'POST', '/v1/devices', { device_id: `d${number}`, secret: 'good-secret_1' });

reportTo({ lines: service.lines, port: Number(new URL(service.url).port), corpus: { kind: 'applications', material } }, async () => {
  await service[Symbol.asyncDispose]();
  await stopServer();
});
