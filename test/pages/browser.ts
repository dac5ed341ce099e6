import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { temporaryFolder } from '../support/temporary_folder.ts';

const CHROMIUM = '/usr/bin/chromium';
/** What the suites in a browser need and this machine lacks; empty: nothing. */
export const MISSING = existsSync(CHROMIUM) ? [] : [CHROMIUM];

/** What the browser wants for itself, such as updates, finds no host: it stays on this machine. */
const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

export type Colours = 'light' | 'dark';

/** A page with all that it has complained of. */
export interface Watched {
  readonly page: Page;
  /** Errors of the console, uncaught errors, violations of the policy, and requests that failed. */
  readonly faults: string[];
  /** Every request, but for those of the address `data:`. */
  readonly requests: string[];
}

/** Chromium with an empty profile of its own, and a record of what all of it asked the network for. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #folder: ReturnType<typeof temporaryFolder>;

  private constructor(browser: Browser, folder: ReturnType<typeof temporaryFolder>) {
    this.#browser = browser;
    this.#folder = folder;
  }

  static async launch(): Promise<TestBrowser> {
    const folder = temporaryFolder('browser');
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...ARGUMENTS, `--log-net-log=${netLog(folder.path)}`] });
    return new TestBrowser(browser, folder);
  }

  async open(url: string, colours: Colours = 'light'): Promise<Watched> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: colours });
    const page = await context.newPage();
    const faults: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
    page.on('requestfailed', (request) => faults.push(`failed: ${request.url()}`));
    page.on('request', (request) => request.url().startsWith('data:') || requests.push(request.url()));
    await page.exposeFunction('violated', (what: string) => faults.push(`policy: ${what}`));
    await page.addInitScript(`addEventListener('securitypolicyviolation', (event) => violated(event.violatedDirective + ' ' + event.blockedURI))`);
    await page.goto(url);
    return { page, faults, requests };
  }

  /** Ends it, and returns the address of every request that pages of the site have caused, also of those that they are not told of. */
  async end(site: string): Promise<readonly string[]> {
    await this.#browser.close();
    const { constants, events } = JSON.parse(readFileSync(netLog(this.#folder.path), 'utf8')) as NetLog;
    const starts = events.filter(({ type }) => type === constants.logEventTypes['URL_REQUEST_START_JOB']);
    return starts.flatMap(({ params }) => (params?.url !== undefined && params.initiator?.startsWith(`${site}:`) ? params.url : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    this.#folder[Symbol.dispose]();
  }
}

interface NetLog {
  readonly constants: { readonly logEventTypes: Readonly<Record<string, number>> };
  readonly events: readonly { readonly type: number; readonly params?: { readonly url?: string; readonly initiator?: string } }[];
}

function netLog(folder: string): string {
  return join(folder, 'net_log.json');
}
