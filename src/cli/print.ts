import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { styledState } from './colour.ts';
import type { Context, Output } from './context.ts';
import { jsonText } from './json.ts';
import { recordLines, tableLines } from './table.ts';
import type { Column } from './table.ts';

/** Prints one JSON document for machines. */
export function printJson({ stdout }: Context, json: JsonValue): void {
  stdout.write(`${jsonText(json, 2)}\n`);
}

/** Prints a resource for people: a line a member. */
export function printRecord(context: Context, record: JsonObject): void {
  writeLines(context, linesOf(context, Object.entries(record)));
}

/**
 * Prints rows for people: the given members as columns, by two spaces, without lines: readable in a log and easy to cut.
 * Where a terminal is too narrow for that, each row is a record. Says so if there are none.
 */
export function printTable(context: Context, rows: readonly JsonObject[], columns: readonly Column[], plural: string): void {
  if (rows.length === 0) {
    context.stderr.write(`there are no ${plural}\n`);
    return;
  }
  const { stdout } = context;
  const cells = rows.map((row) => columns.map(({ name }) => format(row[name])));
  const lines = tableLines(columns, cells, widthOfTerminal(stdout), (line, cell) => styledState(context, stdout, cell, line));
  if (lines !== undefined) return writeLines(context, lines);
  writeLines(context, rows.flatMap((row, index) => [...(index === 0 ? [] : ['']), ...linesOf(context, columns.map(({ name }) => [name, row[name]]))]));
}

/** Shows what a terminal would act upon, such as escape sequences and line ends, instead of sending it there. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** How wide lines may be; undefined where nobody is to be kept from any of it, as in a file or a pipe. */
export function widthOfTerminal({ isTTY, columns }: Output): number | undefined {
  return isTTY === true && columns !== undefined && columns > 0 ? columns : undefined;
}

function linesOf(context: Context, members: readonly (readonly [string, JsonValue | undefined])[]): string[] {
  const { stdout } = context;
  const record = members.map(([name, value]) => [name, format(value)] as const);
  return recordLines(record, widthOfTerminal(stdout), (line, value) => styledState(context, stdout, value, line));
}

function writeLines({ stdout }: Context, lines: readonly string[]): void {
  stdout.write(`${lines.join('\n')}\n`);
}

function format(value: JsonValue | undefined): string {
  if (value === undefined || value === null || value === '') return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(format).join(' ');
  return visible(typeof value === 'object' ? JSON.stringify(value) : String(value));
}
