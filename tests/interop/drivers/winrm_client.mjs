// npm winrm-client: Basic and NTLM over HTTPS, a connection for each request. Reads a job on stdin.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const job = JSON.parse(readFileSync(0, 'utf8'));
const { runCommand, runPowershell } = createRequire(join(process.cwd(), 'driver.js'))('winrm-client');

const user = job.auth === 'basic' ? job.user : `${job.domain}\\${job.user}`;
const program = 'cscript //nologo C:\\Windows\\System32\\slmgr.vbs /dlv';
const at = (password) => [job.address, user, password, job.https];

const exercises = {
  script: () => runPowershell('Get-VM | Select-Object Name, State', ...at(job.password), true),
  program: () => runCommand(program, ...at(job.password), false, true),
  error: () => runPowershell('Get-NothingAtAll', ...at(job.password), true),
  'wrong password': () => runCommand('hostname', ...at('not the password'), false, true),
};

for (const exercise of job.exercises) {
  let found;
  try {
    found = { exercise, said: await exercises[exercise]() };
  } catch (error) {
    found = { exercise, raised: `${error.name}: ${error.message}` };
  }
  process.stdout.write(JSON.stringify(found) + '\n');
}
