import { IamServiceService } from '../../gen/keyturn/v1/iam_service.ts';
import { bind } from '../call/endpoints.ts';
import type { Binding } from '../call/endpoints.ts';
import { Unavailable } from '../unavailable.ts';

/** IamService. */
export function iamService(): Binding[] {
  return bind(IamServiceService, {
    createToken: () => skeleton(),
    listProjects: () => skeleton(),
  });
}

function skeleton(): never {
  throw new Unavailable('skeleton');
}
