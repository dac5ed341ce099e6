/** Where the echo is, and what is sent there: about 160 bytes, as all sides answer it. */
export const ECHO_PATH = '/v1/readings:echo';
export const ECHO_BODY = JSON.stringify({
  deviceId: 'pump-4711',
  recordedAt: '1790000000123',
  temperature: 21.5,
  online: true,
  tags: ['north', 'basement'],
  position: { latitude: 52.52, longitude: 13.405 },
});
