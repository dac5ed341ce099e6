import { domainToASCII } from 'node:url';
import { createTransport } from 'nodemailer';
import { isCarriedBySmtp } from '../../mail_address.ts';
import type { SmtpSettings } from '../../settings.ts';
import { SendingError, codeOf } from './sender.ts';
import type { OutgoingMessage, Sender } from './sender.ts';

const CONNECTIONS = 5;
/** Milliseconds: for the whole of an attempt, to connect and be greeted, and without a sound from the server. */
const TIMEOUTS = { attempt: 30_000, connection: 20_000, socket: 25_000 };
/** Connections that are not used are closed after this long, milliseconds: before the server does. */
const IDLE = 10_000;

/** Sends e-mail by SMTP, over connections that stay open for a while. */
export class SmtpSender implements Sender {
  readonly atOnce = CONNECTIONS;
  readonly #from: SmtpSettings['from'];
  readonly #timeouts: typeof TIMEOUTS;
  readonly #transport: ReturnType<typeof transportTo>;

  constructor(settings: SmtpSettings, timeouts = TIMEOUTS) {
    this.#from = settings.from;
    this.#timeouts = timeouts;
    this.#transport = transportTo(settings, timeouts);
    // What goes wrong with a connection that sends nothing concerns no message.
    this.#transport.on('error', () => {});
  }

  async send({ messageId, attempt, recipient, subject, body }: OutgoingMessage, signal: AbortSignal): Promise<void> {
    if (!isCarriedBySmtp(recipient)) throw new SendingError('SMTP cannot carry the address', { isPermanent: true });
    try {
      await this.#transport.sendMail({
        from: this.#from,
        to: { name: '', address: recipient },
        subject,
        text: body,
        messageId: `<${messageId}@${hostOf(this.#from.address)}>`,
        headers: { 'X-Keyturn-Attempt': String(attempt), 'Auto-Submitted': 'auto-generated' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeouts.attempt)]),
      });
    } catch (error) {
      throw failureOf(error as SmtpError);
    }
  }

  [Symbol.dispose](): void {
    this.#transport.close({ force: true });
  }
}

function hostOf(address: string): string {
  return domainToASCII(address.slice(address.indexOf('@') + 1));
}

function transportTo({ host, port, tls, login }: SmtpSettings, timeouts: typeof TIMEOUTS) {
  return createTransport({
    pool: true,
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'required',
    ...(login === undefined ? {} : { auth: { user: login.user, pass: login.password } }),
    maxConnections: CONNECTIONS,
    // Each attempt is counted, and told to the recipient.
    maxRequeues: 0,
    connectionTimeout: timeouts.connection,
    greetingTimeout: timeouts.connection,
    socketTimeout: timeouts.socket,
    dnsTimeout: timeouts.connection,
    idleTimeout: IDLE,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** As nodemailer throws it. Its message may quote what the server has said, which may quote the address. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly originalCode?: string;
  readonly responseCode?: number;
  readonly command?: string;
}

function failureOf({ code, originalCode, responseCode, command }: SmtpError): SendingError {
  if (code === 'EAUTH') return new SendingError(`the SMTP server does not take the user and password${responseCode ? ` (${responseCode})` : ''}`);
  if (code === 'ETLS') return new SendingError(`there is no TLS with the SMTP server${codeOf(originalCode)}`);
  if (responseCode) {
    // A refused sender or password is a matter of the settings; a refused recipient or content stays refused.
    const isOfMessage = command === 'RCPT TO' || code === 'EMESSAGE';
    return new SendingError(`the SMTP server answered ${responseCode}`, { isPermanent: isOfMessage && responseCode >= 500 });
  }
  if (code === 'ETIMEDOUT' || code === 'EABORT') return new SendingError('the SMTP server did not answer in time');
  return new SendingError(`the connection to the SMTP server failed${codeOf(originalCode, code)}`);
}
