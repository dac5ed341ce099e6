import { ExitCode } from './failure.ts';
import { run } from './program.ts';

// What Node finds old-fashioned in a library is of no use to who runs a command.
process.noDeprecation = true;

for (const stream of [process.stdout, process.stderr]) stream.on('error', onLostOutput);

const exitCode = await run(process.argv.slice(2), {
  environment: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
process.exitCode = exitCode || process.exitCode;
// A connection that is still being made, as by TLS to who says nothing, must not keep a command that has ended.
process.stdout.write('', () => process.stderr.write('', () => setImmediate(() => process.exit())));

/** A reader that has seen enough, such as `head`, is no fault; a full disk is. */
function onLostOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.exitCode = ExitCode.FAILED;
  process.stderr.write(`keyturn: cannot write the output: ${error.message}\n`);
}
