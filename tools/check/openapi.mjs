// Lints an OpenAPI document with Redocly's recommended rules: node openapi.mjs FILE. Warnings count.

import { readFileSync } from 'node:fs';
import redocly from '@redocly/openapi-core';

const { createConfig, formatProblems, getTotals, lint } = redocly;

const file = process.argv[2];
const config = await createConfig({
  extends: ['recommended'],
  // The project has not chosen a licence.
  rules: { 'info-license': 'off' },
});

// Components that only the extension x-any-path refers to are in use; Redocly does not look there.
const extension = /^x-any-path:\n(?:(?: .*)?\n)*/m.exec(readFileSync(file, 'utf8'))?.[0] ?? '';
const used = ({ ruleId, location: [{ pointer }] }) =>
  ruleId === 'no-unused-components' && extension.includes(`'${pointer}'`);

const problems = (await lint({ ref: file, config })).filter((problem) => !used(problem));
if (problems.length > 0) {
  formatProblems(problems, { format: 'codeframe', totals: getTotals(problems), version: '' });
  process.exit(1);
}
