import { randomBytes } from 'node:crypto';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type {
  CreateProjectRequest,
  CreateProjectResponse,
  OperatorServiceListProjectsRequest,
  OperatorServiceListProjectsResponse,
} from '../../../gen/keyturn/v1/operator_service.ts';
import type { Call } from '../../call/call.ts';
import type { Clock } from '../../clock.ts';
import type { ProjectStore } from '../../db/project.ts';
import { ApiError } from '../../errors.ts';
import { originOf } from '../origin.ts';
import { readPage } from './page.ts';
import { toProject } from './resources.ts';

/** The calls of OperatorService that concern projects. */
export class Projects {
  readonly #store: ProjectStore;
  readonly #clock: Clock;

  constructor(store: ProjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async create(request: CreateProjectRequest, call: Call): Promise<CreateProjectResponse> {
    const origin = originOf(call, this.#clock);
    const projectId = request.projectId || randomBytes(16).toString('hex');
    if (!(await this.#store.create(projectId, request.name, origin))) {
      throw new ApiError(ErrorReason.ERROR_REASON_PROJECT_EXISTS, 'the project id is taken');
    }
    return { project: toProject({ projectId, name: request.name, createdAt: origin.at }) };
  }

  async list(request: OperatorServiceListProjectsRequest): Promise<OperatorServiceListProjectsResponse> {
    const page = await readPage(
      request,
      1,
      (after, limit) => this.#store.list(after?.[0], limit),
      (row) => [row.projectId],
    );
    return { projects: page.rows.map(toProject), nextPageToken: page.nextPageToken };
  }
}
