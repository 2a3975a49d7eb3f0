/* Checks the arguments of an npm command: node checkArguments.mjs COMMAND ARGUMENT ... See check_arguments in handOn. */
import { readArguments } from "./commands.mjs";

const [command, ...args] = process.argv.slice(2);
readArguments(command, args, 10);
