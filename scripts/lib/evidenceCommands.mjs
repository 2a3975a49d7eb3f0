/* Usage, options and checks of the commands about certificates and CAs; see commands.mjs. */
import { flag, help, text, noArguments, wholeNumber, webhookProblem } from "./optionKinds.mjs";

export const evidenceCommands = {
    inventory: {
        usage: `Usage: npm run inventory -- [options]

Who holds which certificate: roots, intermediates, CAs that hub and provisioning service trust, and every device, each
with its end, where it is trusted, the status of its identity, and how that is known. Changes nothing.

  --stack STACK   the stack of the hub (default: the selected one, else dev); its fleet stacks are read, too
  --expiring N    only certificates that end within N days, or have ended
  --group GROUP   only those of a group
  --generation N  only CAs of a generation, and what they signed
  --issued FILE   audit log of npm run est: what it issued is newer than the states; may be given several times
  --state-only    asks neither hub nor provisioning service: only what states and settings know
  --csv           as a table (RFC 4180)
  --json          as one JSON object (docs/inventory.schema.json)
  --help          show this text

Exit status: 0 if all was read, 1 if not (or the settings are wrong), 2 if an argument is wrong, 130 if interrupted.
`,
        options: {
            stack: text,
            expiring: text,
            group: text,
            generation: text,
            issued: { ...text, multiple: true, default: [] },
            "state-only": flag,
            csv: flag,
            json: flag,
            help,
        },
        problems: (positionals, { expiring, generation, csv, json }) => [
            ...noArguments(positionals),
            ...wholeNumber("--expiring", expiring, "of days"),
            ...wholeNumber("--generation", generation, "from 1 on"),
            ...(csv && json ? ["--csv and --json are two forms: choose one"] : []),
        ],
    },
    rollover: {
        usage: `Usage: npm run rollover -- [options]

Where the rollover of each group's CA stands: which devices can do without the earlier generation, how that is known, and
what to do next. Changes nothing.

  --stack STACK   the stack of the hub (default: the selected one, else dev); its fleet stacks are read, too
  --group GROUP   only this group
  --state-only    asks neither hub nor provisioning service: then nearly nothing is known to have moved
  --json          as one JSON object (docs/operations.md#the-gate)
  --help          show this text

Exit status: 0 if no device depends on an earlier generation, 3 if one does or may, 1 if it could not be read,
2 if an argument is wrong, 130 if interrupted.
`,
        options: { stack: text, group: text, "state-only": flag, json: flag, help },
    },
    expiry: {
        usage: `Usage: npm run expiry -- [options]

Which certificates end soon: leaves, intermediates, roots, and other CAs that hub and provisioning service trust. What up
or the EST service renews is named only when its renewal was missed. Changes nothing.

  --stack STACK    the stack of the hub (default: the selected one, else dev); its fleet stacks are read, too
  --days LIST      bands, in days before the end (default: alerts.days of the settings, else 30,14,7)
  --grace DAYS     days that a renewal may be late, that is, how often up runs (default: alerts.graceDays,
                   else 1)
  --issued FILE    audit log of npm run est: what it issued is newer than the states; may be given several times
  --state-only     asks neither hub nor provisioning service
  --json           as one JSON object (docs/expiry.schema.json)
  --notify URL     sends what is new to a webhook, as Azure Monitor's common alert schema; may be given several times
  --memory FILE    where it is remembered what was sent (required by --notify)
  --help           show this text

Exit status: 0 if nothing is in a band, 3 if something is, 1 if it could not be read or a webhook did not take the alert,
2 if an argument is wrong, 130 if interrupted.
`,
        options: {
            stack: text,
            days: text,
            grace: text,
            issued: { ...text, multiple: true, default: [] },
            "state-only": flag,
            json: flag,
            notify: { ...text, multiple: true, default: [] },
            memory: text,
            help,
        },
        problems: (positionals, { days, grace, notify, memory }) => [
            ...noArguments(positionals),
            ...(days === undefined || /^\d{1,4}(,\d{1,4}){0,9}$/.test(days)
                ? []
                : [
                      `--days "${days}": must be up to ten numbers of days with commas between them, e.g. 30,14,7`,
                  ]),
            ...wholeNumber("--grace", grace, "of days"),
            ...notify.flatMap(webhookProblem),
            ...(notify.length > 0 && memory === undefined
                ? ["--notify needs --memory FILE, or each run would send the same alerts again"]
                : []),
        ],
    },
    est: {
        usage: `Usage: npm run est -- --certificate FILE --key FILE [options]
       npm run est -- --bundle FILE [options]

Gives devices their certificates by EST (RFC 7030), judged by a stack's settings, state and hub; see docs/est.md. Runs until
it is stopped: SIGTERM or Ctrl-C lets requests end, SIGHUP reads settings, state and files again.

  --certificate FILE          the server's own certificate and chain (PEM), which devices trust
  --key FILE                  its key (PEM)
  --stack STACK               the stack of the hub (default: the selected one, else dev)
  --listen HOST:PORT          where devices reach it (default 0.0.0.0:8443; port 0: a free one)
  --status HOST:PORT          /health and /metrics, without TLS (default 127.0.0.1:9443)
  --ca-key-file GROUP=FILE    key (PEM) of the group's CA, in place of the one in the state; may be given several times
  --bundle FILE               all of that from the file that a stack writes for its container, in place of stack and keys; it
                              issues the server's own certificate itself (docs/est-on-azure.md)
  --audit FILE                where issued certificates are listed, as JSON lines (default est-audit.jsonl; -: standard output)
  --reload SECONDS            how often settings and state are read again (default 300)
  --help                      show this text

Exit status: 0 if it was stopped, 1 if it could not start, 2 if an argument is wrong, 130 if it was stopped twice.
`,
        options: {
            stack: text,
            listen: { ...text, default: "0.0.0.0:8443" },
            status: { ...text, default: "127.0.0.1:9443" },
            certificate: text,
            key: text,
            bundle: text,
            "ca-key-file": { ...text, multiple: true, default: [] },
            audit: { ...text, default: "est-audit.jsonl" },
            reload: { ...text, default: "300" },
            help,
        },
        problems: (positionals, values) => [
            ...noArguments(positionals),
            ...(values.bundle !== undefined &&
            (values.stack !== undefined ||
                values.certificate !== undefined ||
                values.key !== undefined ||
                values["ca-key-file"].length > 0)
                ? ["--bundle takes the place of --stack, --certificate, --key and --ca-key-file"]
                : []),
            ...(values.bundle || (values.certificate && values.key)
                ? []
                : [
                      "--certificate and --key are required: the server's own certificate and its key (or --bundle)",
                  ]),
            ...["listen", "status"]
                .filter((name) => !/^([A-Za-z0-9.-]+|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(values[name]))
                .map(
                    (name) => `--${name} "${values[name]}": must be HOST:PORT, e.g. 127.0.0.1:8443`,
                ),
            ...values["ca-key-file"]
                .filter((one) => !/^[a-z0-9-]+=./.test(one))
                .map((one) => `--ca-key-file "${one}": must be GROUP=FILE`),
            ...(/^[1-9]\d{0,4}$/.test(values.reload)
                ? []
                : [`--reload "${values.reload}": must be a whole number of seconds, 1 to 99999`]),
        ],
    },
    report: {
        usage: `Usage: npm run report -- [options]

Who holds which certificate, and what ends soon, as one HTML file that loads nothing: summary, chain, a year's ends,
rollovers, a table to sort and search. Reads what npm run inventory reads, and changes nothing but that file.

  --stack STACK  the stack of the hub (default: the selected one, else dev); its fleet stacks are read, too
  --output FILE  the file to write (default report-STACK.html in this folder)
  --state-only   asks neither hub nor provisioning service: only what states and settings know
  --help         show this text

Exit status: 0 if it was written, 1 if not (or the settings are wrong), 2 if an argument is wrong, 130 if interrupted.
`,
        options: { stack: text, output: text, "state-only": flag, help },
        problems: (positionals, { output }) => [
            ...noArguments(positionals),
            ...(output === "" ? ["--output: name the file to write"] : []),
        ],
    },
};
