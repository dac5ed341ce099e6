/** A measured figure, as the table and the JSON show it. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: Target;
}

/** What design.md wants of a figure. Shown, never an exit code: the machine has its part in it. */
export interface Target {
  readonly bound: 'at least' | 'at most';
  readonly value: number;
}

export const TARGETS = {
  rest: { bound: 'at least', value: 0.85 },
  grpc: { bound: 'at least', value: 0.8 },
  echo: { bound: 'at least', value: 0.85 },
  scale: { bound: 'at most', value: 1.1 },
  start: { bound: 'at most', value: 1.5 },
  rest_memory: { bound: 'at most', value: 130 },
} as const satisfies Record<string, Target>;

export function isMet({ value, target }: Figure): boolean | undefined {
  if (target === undefined || Number.isNaN(value)) return undefined;
  return target.bound === 'at least' ? value >= target.value : value <= target.value;
}

/** Tells how far a run is, on standard error. */
export function progress(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
