import type { Run } from './database.ts';

const PROJECT_EXISTS = { name: 'application_project_exists', text: 'select from project where project_id = $1' };

/** What tells who an application is. */
export class ApplicationStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async hasProject(projectId: string): Promise<boolean> {
    return (await this.#run(PROJECT_EXISTS, [projectId])).length > 0;
  }
}
