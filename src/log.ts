import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type Log = Logger;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** JSON lines on standard error, one an event, with the level as a word and the time in RFC 3339. */
export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination(),
  );
}

let last = { milliseconds: 0, text: '' };

/** Under load many lines have the same time, and to write it takes a good part of a line. */
function timestamp(): string {
  const milliseconds = Date.now();
  if (milliseconds !== last.milliseconds) last = { milliseconds, text: `,"time":"${new Date(milliseconds).toISOString()}"` };
  return last.text;
}

/** What cannot be written, such as to a full disk, is lost: the service goes on without its log. */
function destination(): DestinationStream {
  const stream = pino.destination({ fd: 2, sync: true });
  stream.on('error', () => {});
  return stream;
}
