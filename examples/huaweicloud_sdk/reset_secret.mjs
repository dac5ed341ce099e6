// Resets the secret of a device with the vendor's SDK, unmodified:
//   node reset_secret.mjs ACCESS_KEY_FILE DEVICE_ID [ENDPOINT]
// The generated client for devices sends the same by client.resetDeviceSecret(request).
import { readFileSync } from 'node:fs';
import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core';
import { ClientBuilder } from '@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js';

const [file, deviceId, endpoint = 'http://127.0.0.1:8080'] = process.argv.slice(2);
const { access_key: ak, secret_key: sk, project_id: projectId } = JSON.parse(readFileSync(file, 'utf8'));
const client = new ClientBuilder((core) => core).withCredential(new BasicCredentials({ ak, sk, projectId })).withEndpoint(endpoint).build();
const { secret } = await client.sendRequest({
  method: 'POST',
  url: '/v5/iot/{project_id}/devices/{device_id}/action',
  contentType: 'application/json',
  pathParams: { device_id: deviceId },
  queryParams: { action_id: 'resetSecret' },
  headers: {},
  data: { secret_type: 'PRIMARY', force_disconnect: true },
});
console.log(`the secret of ${deviceId} is now ${secret}`);
