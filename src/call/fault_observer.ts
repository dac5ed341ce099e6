import type { AtFaultPoint } from '../fault_points.ts';
import type { Observer } from './observer.ts';

/** The observer, and after it the fault point `before_reply` at the end of each call. */
export function withFaultPoints(observer: Observer, atFaultPoint: AtFaultPoint): Observer {
  return {
    begin(call) {
      const ended = observer.begin(call);
      return (outcome, error) => {
        ended(outcome, error);
        atFaultPoint('before_reply');
      };
    },
    request: (call, endpoint, message) => observer.request(call, endpoint, message),
    unrouted: (request, refusal) => observer.unrouted(request, refusal),
  };
}
