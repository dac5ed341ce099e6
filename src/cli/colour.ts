import { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import type { Context, Output } from './context.ts';

type Style = 'red' | 'green' | 'yellow';

/** States that somebody should know of. All others look like any text. */
const STATES: Readonly<Record<string, Style>> = { FROZEN: 'yellow', REVOKED: 'red', FAILED: 'red', good: 'green', warning: 'yellow', bad: 'red' };

/** A text in a style, if the stream is a terminal that shows such, and NO_COLOR, FORCE_COLOR and TERM let it. */
export function styled({ environment }: Context, stream: Output, style: Style, text: string): string {
  return hasColour(environment, stream) ? styleText(style, text, { validateStream: false }) : text;
}

/** A state, or a word of it, in its style. */
export function styledState(context: Context, stream: Output, state: string, text = state): string {
  const style = Object.hasOwn(STATES, state) ? STATES[state] : undefined;
  return style === undefined ? text : styled(context, stream, style, text);
}

/** As Node decides it for its own streams and environment, where styleText looks by itself. */
function hasColour(environment: Context['environment'], { isTTY }: Output): boolean {
  const { FORCE_COLOR } = environment;
  return (isTTY === true || FORCE_COLOR !== undefined) && WriteStream.prototype.getColorDepth(environment) > 2;
}
