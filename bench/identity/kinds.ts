/** The calls of identity binding that are measured, as `--only` names them: `scope-repeat` is the PUT of a job that is ready. */
export const IDENTITY_PARTS = ['key-bind', 'scope-put', 'scope-repeat'] as const;
export type IdentityPart = (typeof IDENTITY_PARTS)[number];

/** The claims that the jobs of a run have. */
export const JOB_EMAIL = 'user@example.com';
