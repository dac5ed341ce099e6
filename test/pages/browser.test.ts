import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, it } from 'mocha';
import type { Locator, Page } from 'playwright-core';
import { describeWith } from '../support/machine.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { MISSING, TestBrowser } from './browser.ts';
import type { Colours, Watched } from './browser.ts';
import { prefixProxy } from './prefix_proxy.ts';

const DOCUMENT = JSON.parse(readFileSync(new URL('../../gen/openapi.json', import.meta.url), 'utf8')) as { tags: { name: string }[]; paths: Record<string, Record<string, { operationId: string }>> };
/** As the page writes it. */
const OPERATION = DOCUMENT.paths['/v1/projects']?.['get']?.operationId.replaceAll('_', '') ?? '';
/** More than all that can have the focus while one service is open. */
const MOST_TABS = 500;

describeWith(MISSING, 'the page of the contract in a browser', function () {
  this.timeout(120_000);
  let service: TestService;
  let browser: TestBrowser;
  const all: Watched[] = [];
  before(async () => {
    [service, browser] = await Promise.all([startService(), TestBrowser.launch()]);
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });

  async function open(colours: Colours = 'light', place = ''): Promise<Page> {
    const watched = await browser.open(`${service.url}/docs${place}`, colours);
    all.push(watched);
    await watched.page.locator('.opblock-tag').first().waitFor();
    return watched.page;
  }

  for (const colours of ['light', 'dark'] as const) {
    it(`shows every service, and the answer to a call with the operator's token, in ${colours} colours`, async () => {
      const page = await open(colours);
      for (const { name } of DOCUMENT.tags) {
        await page.locator(`h3#operations-tag-${name}`).waitFor();
        assert.equal(await page.getByRole('button', { name, exact: true }).getAttribute('aria-expanded'), 'false', name);
      }
      assert.equal(await page.locator('.opblock-tag').count(), DOCUMENT.tags.length);
      assert.equal(await coloursOf(page), colours);
      await page.getByRole('button', { name: 'OperatorService', exact: true }).click();
      const operation = operationOf(page);
      await operation.locator('.opblock-summary-control').click();
      await authorize(page);
      await operation.getByRole('button', { name: 'Try it out' }).click();
      await operation.getByRole('button', { name: 'Execute' }).click();
      assert.match(await answerOf(operation, '200'), /"project_id": "default"/);
      assert.deepEqual(await keptBy(page), { local: 0, session: 0, cookies: '' });
      await page.context().close();
    });
  }

  it('does the same by keyboard alone', async () => {
    const page = await open();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the services');
    await tabTo(page, page.getByRole('button', { name: 'Authorize' }));
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    for (const key of ['Shift+Tab', 'Shift+Tab', 'Tab', 'Tab']) {
      await page.keyboard.press(key);
      assert.ok(await dialog.locator(':focus').count(), `the focus stays in the dialog after ${key}`);
    }
    await page.keyboard.type(OPERATOR_TOKEN);
    await page.keyboard.press('Enter');
    await dialog.getByText('Authorized').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.ok(await isFocused(page.getByRole('button', { name: 'Authorize' })), 'the focus is where it was');

    const operator = page.getByRole('button', { name: 'OperatorService', exact: true });
    await tabTo(page, operator);
    assert.notEqual(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none', 'the focus can be seen');
    await page.keyboard.press('Enter');
    const operation = operationOf(page);
    await tabTo(page, operation.locator('.opblock-summary-control'));
    await page.keyboard.press('Enter');
    for (const name of ['Try it out', 'Execute']) {
      await tabTo(page, operation.getByRole('button', { name }));
      await page.keyboard.press('Enter');
    }
    assert.match(await answerOf(operation, '200'), /"project_id": "default"/);
    await page.context().close();
  });

  it('changes its colours by a button, keeps that, and follows the system again', async () => {
    const page = await open('light');
    await page.getByRole('button', { name: 'Dark colours' }).press('Enter');
    assert.equal(await coloursOf(page), 'dark');
    await page.reload();
    assert.equal(await coloursOf(page), 'dark');
    await page.getByRole('button', { name: 'Light colours' }).press('Space');
    assert.equal(await coloursOf(page), 'light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.getByRole('button', { name: 'Light colours' }).waitFor();
    assert.equal(await coloursOf(page), 'dark');
    await page.context().close();
  });

  it('opens an operation by its address, and forgets a token when it is loaded again', async () => {
    const page = await open('light', `#/OperatorService/${OPERATION}`);
    await operationOf(page).getByRole('button', { name: 'Try it out' }).waitFor();
    await authorize(page);
    await page.reload();
    await operationOf(page).getByRole('button', { name: 'Try it out' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Authorize' }).getAttribute('class'), 'btn authorize unlocked');
    await page.context().close();
  });

  it('takes no other document from its address', async () => {
    const page = await open('light', `?url=${encodeURIComponent(`${service.url}/livez`)}&configUrl=%2Flivez&docExpansion=full`);
    assert.equal(await page.locator('.opblock-tag').count(), DOCUMENT.tags.length);
    assert.equal(await page.locator('.opblock').count(), 0);
    await page.context().close();
  });

  it('works below the prefix of a proxy', async () => {
    await using proxy = await prefixProxy('/keyturn', service.url);
    const watched = await browser.open(`${proxy.url}/docs/#/OperatorService/${OPERATION}`);
    const { page, faults, requests } = watched;
    const operation = operationOf(page);
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await authorize(page);
    await operation.getByRole('button', { name: 'Execute' }).click();
    assert.match(await answerOf(operation, '200'), /"project_id": "default"/);
    assert.deepEqual(faults, []);
    assert.deepEqual(requests.filter((url) => !url.startsWith(`${proxy.url}/`)), []);
    assert.ok(requests.includes(`${proxy.url}/v1/projects`));
    await page.context().close();
  });

  it('has asked for nothing elsewhere, broken no rule of its policy, and shown no token in an address', async () => {
    const asked = await browser.end('http://127.0.0.1');
    const urls = [...all.flatMap(({ requests }) => requests), ...asked];
    assert.ok(all.length >= 6 && asked.length >= all.length * 8, `${asked.length} requests of ${all.length} pages`);
    assert.deepEqual(all.flatMap(({ faults }) => faults), []);
    assert.deepEqual(urls.filter((url) => new URL(url).hostname !== '127.0.0.1'), []);
    assert.deepEqual(all.flatMap(({ requests }) => requests).filter((url) => !url.startsWith(`${service.url}/`)), []);
    assert.deepEqual(urls.filter((url) => url.includes(OPERATOR_TOKEN)), []);
    assert.doesNotMatch(JSON.stringify(service.lines), new RegExp(OPERATOR_TOKEN));
  });
});

function operationOf(page: Page): Locator {
  return page.locator(`#operations-OperatorService-${OPERATION}`);
}

/** Gives the page the operator's token. */
async function authorize(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Authorize' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'operatorToken' }).fill(OPERATOR_TOKEN);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}

/** The body that is shown of an answer with the status. */
async function answerOf(operation: Locator, status: string): Promise<string> {
  const answer = operation.locator('.live-responses-table .response');
  assert.equal((await answer.locator('.response-col_status').innerText()).trim(), status);
  return answer.locator('.highlight-code').innerText();
}

/** What everything stands on, by its luminance. */
async function coloursOf(page: Page): Promise<string> {
  const colour = await page.evaluate('getComputedStyle(document.body).backgroundColor') as string;
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number);
  const light = (red * 0.2126 + green * 0.7152 + blue * 0.0722) / 255;
  return light > 0.9 ? 'light' : light < 0.15 ? 'dark' : colour;
}

async function keptBy(page: Page): Promise<unknown> {
  return page.evaluate('({ local: localStorage.length, session: sessionStorage.length, cookies: document.cookie })');
}

function isFocused(locator: Locator): Promise<boolean> {
  return locator.evaluate((element) => element === element.ownerDocument.activeElement);
}

/** Presses Tab until an element has the focus. */
async function tabTo(page: Page, locator: Locator): Promise<void> {
  await locator.waitFor();
  for (let presses = 0; presses < MOST_TABS; presses += 1) {
    if (await isFocused(locator)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail('Tab does not lead there');
}
