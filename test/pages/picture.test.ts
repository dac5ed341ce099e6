import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { it } from 'mocha';
import type { Page } from 'playwright-core';
import { describeWith } from '../support/machine.ts';
import { startService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary_folder.ts';
import { MISSING, TestBrowser } from './browser.ts';

/** The picture of README; with DOCS_PICTURE=write in the environment the test makes it anew. */
const PICTURE = fileURLToPath(new URL('../../docs/images/api_docs.png', import.meta.url));
const WIDTH = 1280;
const HEIGHT = 860;
const MOST_BYTES = 200_000;

describeWith(MISSING, 'the picture of the page of the contract', function () {
  this.timeout(120_000);

  it('is one of an operation that is open, as in README', async () => {
    await using service = await startService();
    await using browser = await TestBrowser.launch();
    using folder = temporaryFolder('picture');
    const { page } = await browser.open(`${service.url}/docs#/DeviceKeyService/UpdatePublicKey`);
    await page.setViewportSize({ width: WIDTH, height: HEIGHT });
    await page.getByRole('button', { name: 'Try it out' }).waitFor();
    await page.evaluate('scrollTo(0, 0)');
    const path = process.env['DOCS_PICTURE'] === 'write' ? PICTURE : join(folder.path, 'api_docs.png');
    await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    for (const file of [path, PICTURE]) {
      const bytes = readFileSync(file);
      assert.ok(bytes.length < MOST_BYTES, `${file} has ${bytes.length} bytes`);
      const { width, height, colours, share } = await looked(page, bytes);
      assert.deepEqual([width, height], [WIDTH, HEIGHT], file);
      assert.ok(colours > 100, `${file} has ${colours} colours`);
      assert.ok(share > 0.2 && share < 0.95, `${file} has ${share} of one colour`);
    }
    assert.ok(readFileSync(new URL('../../README.md', import.meta.url), 'utf8').includes('](docs/images/api_docs.png)'), 'README shows it');
  });
});

interface Looks {
  readonly width: number;
  readonly height: number;
  readonly colours: number;
  /** Of the pixels that have the most frequent colour. */
  readonly share: number;
}

/** What is in a picture, decoded by a browser on an empty page. */
async function looked(page: Page, bytes: Buffer): Promise<Looks> {
  const empty = await page.context().newPage();
  const looks = await empty.evaluate(`(async () => {
    const image = new Image();
    image.src = 'data:image/png;base64,${bytes.toString('base64')}';
    await image.decode();
    const { width, height } = image;
    const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
    context.drawImage(image, 0, 0);
    const counts = new Map();
    for (const pixel of new Uint32Array(context.getImageData(0, 0, width, height).data.buffer)) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    return { width, height, colours: counts.size, share: Math.max(...counts.values()) / (width * height) };
  })()`);
  await empty.close();
  return looks as Looks;
}
