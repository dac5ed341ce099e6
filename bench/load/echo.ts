import { ECHO_BODY, ECHO_PATH } from '../echo/message.ts';
import { HttpLanes } from './http_lanes.ts';
import { answerOrders } from './orders.ts';
import { sendFor } from './timed.ts';

/** The load process of the echo: its arguments are the port and the number of requests in flight; its orders come by IPC. */
const [port = '', inFlight = ''] = process.argv.slice(2);

const lanes = new HttpLanes('127.0.0.1', Number(port), Number(inFlight), (_answer, body) => body === ECHO_BODY);
const request = lanes.encode(ECHO_PATH, ECHO_BODY);
answerOrders(async (command) => {
  if (command.kind !== 'run') throw new Error(`an echo has nothing to do for ${command.kind}`);
  const stopSpinning = spin();
  try {
    return { kind: 'ran', ...(await sendFor(command.seconds, Number(inFlight), lanes, () => request)) };
  } finally {
    stopSpinning();
  }
});

/**
 * Keeps this process awake on its core, until told to stop. A server whose
 * caller sleeps has to wake it with each answer, which takes as long as half an
 * echo, and the faster the server, the less often its caller sleeps.
 */
function spin(): () => void {
  let isSpinning = true;
  const again = (): void => {
    if (isSpinning) setImmediate(again);
  };
  again();
  return () => {
    isSpinning = false;
  };
}
