import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { AxeResults } from 'axe-core';
import { after, before, it } from 'mocha';
import type { Page } from 'playwright-core';
import { describeWith } from '../support/machine.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { MISSING, TestBrowser } from './browser.ts';

const AXE = readFileSync(new URL('axe.min.js', import.meta.resolve('axe-core')), 'utf8');

/** What can be seen, from the start on, each after what stands before it, and which part of it is looked at. */
const STATES: readonly (readonly [what: string, part: string, arrive: (page: Page) => Promise<unknown>])[] = [
  ['all services closed', 'body', (page) => page.locator('.opblock-tag').first().waitFor()],
  ['calls with parameters, bodies, headers and examples, one of them refused', 'body', async (page) => {
    await page.getByText('What all calls have in common').click();
    for (const name of ['DeviceKeyService', 'IdentityBindingService', 'OperatorService']) await page.getByRole('button', { name, exact: true }).click();
    for (const name of ['UpdatePublicKey', 'OperatorServiceListProjects', 'OperatorServiceDeleteDevice', 'KeyBind']) await page.locator(`.opblock[id$="-${name}"] .opblock-summary-control`).click();
    const operation = page.locator('.opblock[id$="-OperatorServiceListProjects"]');
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await operation.getByRole('button', { name: 'Execute' }).click();
    await operation.locator('.live-responses-table').waitFor();
  }],
  ['schemas', '.models', (page) => page.locator('.models-control').click()],
  ['the dialog for tokens', '.dialog-ux', async (page) => {
    await page.getByRole('button', { name: 'Authorize' }).click();
    await page.getByRole('dialog').waitFor();
  }],
];

describeWith(MISSING, 'whether everybody can use the page of the contract', function () {
  this.timeout(180_000);
  let service: TestService;
  let browser: TestBrowser;
  before(async () => {
    [service, browser] = await Promise.all([startService(), TestBrowser.launch()]);
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });

  for (const colours of ['light', 'dark'] as const) {
    it(`axe finds nothing in ${colours} colours, neither in names and order nor in contrasts`, async () => {
      const { page } = await browser.open(`${service.url}/docs`, colours);
      const all: string[] = [];
      for (const [what, part, arrive] of STATES) {
        await arrive(page);
        all.push(...(await found(page, part)).map((one) => `${what}: ${one}`));
      }
      assert.deepEqual(all, []);
    });
  }
});

/** What is wrong with a part of what the page shows now: the rule, its cause, and where. */
async function found(page: Page, part: string): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(`axe.run('${part}', { resultTypes: ['violations'] })`) as AxeResults;
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, any, failureSummary }) => `${id}: ${any[0]?.message ?? failureSummary} ${target.join(' ')}`));
}
