import assert from 'node:assert/strict';

/** One line of a family: its whole name, its labels and its value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (NaN|[+-]Inf|-?[0-9.]+(?:[eE][+-]?[0-9]+)?)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;
const SUFFIXES: Readonly<Record<string, RegExp>> = { histogram: /_(?:bucket|sum|count)$/, summary: /_(?:sum|count)$/ };

/**
 * Reads the text format 0.0.4 of Prometheus by family. Throws if a line is none, if a sample comes without or before its
 * HELP and TYPE or among those of another family, or if a series is there twice.
 */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  assert.ok(text.endsWith('\n'));
  const families = new Map<string, Family>();
  const series = new Set<string>();
  let current = '';
  let help: readonly [name: string, text: string] | undefined;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, comment, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (comment === 'HELP') {
      help = [name, rest];
    } else if (comment === 'TYPE') {
      assert.ok(help?.[0] === name && !families.has(name), line);
      families.set(name, { help: help[1], type: rest, samples: [] });
      current = name;
    } else {
      const sample = readSample(line);
      const { type = '', samples = [] } = families.get(current) ?? {};
      const family = sample.name === current ? current : sample.name.replace(SUFFIXES[type] ?? /$^/, '');
      assert.equal(family, current, line);
      assert.ok(!series.has(seriesOf(sample)), line);
      series.add(seriesOf(sample));
      (samples as Sample[]).push(sample);
    }
  }
  return families;
}

/** Names a series: its name with its labels in order. */
export function seriesOf({ name, labels }: Sample): string {
  return `${name}${JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
}

function readSample(line: string): Sample {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
  assert.ok(name !== undefined && value !== undefined, line);
  const pairs = [...labels.matchAll(LABEL)];
  assert.equal(pairs.map(([pair]) => pair).join(''), labels, line);
  return { name, labels: Object.fromEntries(pairs.map(([, label, text]) => [label ?? '', text ?? ''])), value: Number(value.replace('Inf', 'Infinity')) };
}
