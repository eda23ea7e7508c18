import { exitCodes } from './command.ts'
import type { Command } from './command.ts'
import { configFlag, flagText, usageOf } from './usage.ts'

const meanings = {
  [exitCodes.done]: 'done',
  [exitCodes.fault]: 'a fault: something did not answer, or not as it should; what it was is told',
  [exitCodes.usage]: 'a flag, an operand or an option of the configuration cannot be used; nothing was tried',
  [exitCodes.refused]: 'what was asked for cannot be done, or something of it is left; why is told',
  [exitCodes.interrupted]: 'Ctrl-C, or a signal to stop',
} satisfies Readonly<Record<(typeof exitCodes)[keyof typeof exitCodes], string>>

/** The page `docs/reference/cli.md`. */
export function cliReference(commands: readonly Command[]): string {
  const codes = Object.entries(meanings).map(([code, meaning]) => `| ${code} | ${meaning} |`)
  return `# The command line

\`bulkhead\` is for the platform's operators. Generated from \`cli/src/commands.ts\` by \`make generate\`; \`bulkhead COMMAND --help\`
says the same. In a checkout \`npx bulkhead\` runs it. \`--config\` takes the [operator's own configuration file](configuration.md);
what only the operator needs of it is left unread. Results go to stdout, everything else to stderr.

| Exit code | Meaning |
|---|---|
${codes.join('\n')}
${commands.map(sectionOf).join('')}`
}

function sectionOf(command: Command): string {
  const flags = [...command.flags, configFlag].map((flag) => `| \`${flagText(flag)}\` | ${flag.help} |`)
  return `
## ${command.words}

${command.summary} Interrupted, ${command.interrupted}.

\`\`\`sh
${usageOf(command)}
\`\`\`

| Flag | Meaning |
|---|---|
${flags.join('\n')}
`
}
