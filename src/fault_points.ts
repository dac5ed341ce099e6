/**
 * Places at which tests end the process. `before_write` and `after_write` lie around what makes a rotation or a device
 * token, spends a JWT, resets a secret, or changes an identity key or a job: nothing is written yet, or all of it is
 * committed. `before_reply`: the answer of a call is settled, and none of its bytes is out. `after_reply`, over REST
 * only: its bytes are the system's to deliver.
 */
export const FAULT_POINTS = ['before_write', 'after_write', 'before_reply', 'after_reply'] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];

/** Is called each time a call passes a point. No setting leads here: only code that builds a service can give one. */
export type AtFaultPoint = (point: FaultPoint) => void;

/** Places at which tests end the process while a message is under way: it was taken from the queue; its sender has taken it, and nothing tells so yet. */
export type SendingPoint = 'before_send' | 'after_send';
export type AtSendingPoint = (point: SendingPoint) => void;
