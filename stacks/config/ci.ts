import { serviceLimits } from "../../components/azure/serviceLimits";
import { CiSettings } from "../settings";
import { Section } from "./section";

type Subjects = "subjects" | "previewSubjects";

const workflow = /(?:ref:refs\/(?:heads|tags)\/[^\s~^:?*[\\]+|environment:[^\s:*]+|pull_request)/;
/** For repositories created, renamed or transferred since mid-2026 (GitHub docs: "OpenID Connect", "Immutable subject claims"). */
const immutable = /repo:([A-Za-z0-9-]{1,39})@\d+\/([A-Za-z0-9._-]{1,100})@\d+:/;

const remedies = {
    subjects: "list only the branches, tags and environments that deploy",
    previewSubjects: "list only pull_request, and the branches and environments that preview",
};

/** The repository whose workflows may deploy and preview, and the subjects of their tokens. */
export function readCi(root: Section): CiSettings | undefined {
    if (!root.has("ci")) {
        return undefined;
    }
    const ci = root.section("ci", "the CI access", ["repository", "subjects", "previewSubjects"]);
    const repository = ci.requiredText("repository", {
        pattern: /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?\/[A-Za-z0-9._-]{1,100}$/,
        rule: "must be a GitHub repository as owner/name",
        remedy: "write it as in its address, for example contoso/fleet",
    });
    if (!ci.has("subjects")) {
        ci.missing("subjects", "list at least one, for example ref:refs/heads/main");
    }
    const subjects = readSubjects(ci, "subjects", repository);
    if (subjects.some((subject) => subject.endsWith("pull_request"))) {
        ci.bad(
            "subjects",
            "must not contain pull_request: the code of any pull request could deploy",
            "move it to ci.previewSubjects, whose identity can only read",
        );
    }
    const previewSubjects = readSubjects(ci, "previewSubjects", repository);
    const workflows = subjects.map(workflowOf);
    const both = previewSubjects.find((subject) => workflows.includes(workflowOf(subject)));
    if (both !== undefined) {
        ci.bad(
            "previewSubjects",
            `must have no subject of ci.subjects; ${both} is in both, so a preview's token could deploy`,
            "leave it in one of them",
        );
    }
    return { repository, subjects, previewSubjects };
}

/** A workflow's subject has two forms, one of them with IDs; a token holds only one, and GitHub decides which. */
function workflowOf(subject: string): string {
    return subject.replace(immutable, "");
}

function readSubjects(ci: Section, name: Subjects, repository: string): readonly string[] {
    const subjects = ci.texts(name, {
        pattern: new RegExp(`^(?:${immutable.source})?${workflow.source}$`),
        rule:
            "must be ref:refs/heads/BRANCH, ref:refs/tags/TAG, environment:NAME or pull_request, without wildcards; if GitHub " +
            "gives the repository an immutable subject, the whole subject: repo:OWNER@ID/NAME@ID:…",
        remedy:
            "write what follows repo:owner/name: in the token's subject, or the whole subject if it has IDs (the repository's settings " +
            "show it: Actions, OIDC)",
    });
    for (const subject of subjects) {
        const [, owner, repositoryName] = immutable.exec(subject) ?? [];
        if (owner !== undefined && `${owner}/${repositoryName}` !== repository) {
            ci.bad(
                name,
                `must contain only subjects of ${repository}; ${subject} belongs to another repository`,
                "list subjects of the repository, or correct ci.repository",
            );
        }
    }
    const given = ci.list(name).length;
    if (ci.has(name) && (given === 0 || given > serviceLimits.federatedCredentials)) {
        ci.bad(
            name,
            `must have 1 to ${serviceLimits.federatedCredentials} items, the limit of an application`,
            remedies[name],
        );
    }
    return subjects;
}
