import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import Table from 'cli-table3';
import type { Context } from './context.ts';

/** Columns by two spaces, without lines or colours: readable in a log and easy to cut. */
const PLAIN = {
  chars: {
    top: '', 'top-mid': '', 'top-left': '', 'top-right': '',
    bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
    left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ',
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

/** Prints one JSON document for machines. */
export function printJson({ stdout }: Context, json: JsonValue): void {
  stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
}

/** Prints a resource for people: a line a member. */
export function printRecord(context: Context, record: JsonObject): void {
  printRows(context, Object.entries(record).map(([name, value]) => [name, format(value)]));
}

/** Prints rows for people: the given members as columns. Says so if there are none. */
export function printTable(context: Context, rows: readonly JsonObject[], columns: readonly string[], plural: string): void {
  if (rows.length === 0) {
    context.stderr.write(`there are no ${plural}\n`);
    return;
  }
  const head = columns.map((name) => name.toUpperCase());
  printRows(context, [head, ...rows.map((row) => columns.map((name) => format(row[name])))]);
}

/** Shows what a terminal would act upon, such as escape sequences and line ends, instead of sending it there. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

function printRows({ stdout }: Context, rows: string[][]): void {
  const table = new Table(PLAIN);
  table.push(...rows);
  stdout.write(`${table.toString().replaceAll(/ +$/gm, '')}\n`);
}

function format(value: JsonValue | undefined): string {
  if (value === undefined || value === null || value === '') return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(format).join(' ');
  return visible(typeof value === 'object' ? JSON.stringify(value) : String(value));
}
