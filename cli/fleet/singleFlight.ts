import { ServerResponse } from "http";
import { claimedStatus, stoppedStatus } from "../../components/rateLimit/sharedRateLimiters";

interface Question {
    /** JSON. */
    answer?: string;
    /** Holds the claim: it is looking for the answer. */
    claimant?: ServerResponse;
    readonly waiting: ServerResponse[];
}

/** What is kept at most. Where that does not suffice, each process finds the answers for itself. */
export interface AnswerLimits {
    readonly questions: number;
    /** Characters of all answers together. */
    readonly characters: number;
}

const defaultLimits: AnswerLimits = { questions: 10_000, characters: 512 * 1024 * 1024 };

/** Questions that one process finds the answer to, and all others wait for. */
export class SingleFlight {
    private readonly questions = new Map<string, Question>();
    private characters = 0;

    constructor(private readonly limits = defaultLimits) {}

    /** Answers, now or later; or says that the sender is to find the answer. */
    claim(what: string, response: ServerResponse): void {
        const question = this.question(what);
        if (question === undefined) {
            response.writeHead(claimedStatus).flushHeaders();
            return;
        }
        if (question.answer !== undefined) {
            response.end(question.answer);
            return;
        }
        question.waiting.push(response);
        if (question.claimant === undefined) {
            this.appoint(question);
        }
    }

    /**
     * The first answer is the one that counts.
     *
     * @returns false when there is no room for it: who waits is to find it, one after the other
     */
    give(what: string, answer: string): boolean {
        const question = this.question(what);
        if (question?.answer !== undefined) {
            return true;
        }
        if (question === undefined || this.characters + answer.length > this.limits.characters) {
            return false;
        }
        this.characters += answer.length;
        question.answer = answer;
        question.waiting.splice(0).forEach((response) => response.end(answer));
        return true;
    }

    /** Nobody waits any longer. */
    stop(): void {
        for (const { waiting } of this.questions.values()) {
            waiting.splice(0).forEach((response) => response.writeHead(stoppedStatus).end());
        }
    }

    /** Undefined when there is no room for another one. */
    private question(what: string): Question | undefined {
        const known = this.questions.get(what);
        if (known !== undefined || this.questions.size >= this.limits.questions) {
            return known;
        }
        const question: Question = { waiting: [] };
        this.questions.set(what, question);
        return question;
    }

    /** The first that is still there; the next one when it goes without an answer. */
    private appoint(question: Question): void {
        question.claimant = question.waiting.shift();
        const { claimant } = question;
        if (claimant === undefined) {
            return;
        }
        const passOn = (): void => {
            if (question.answer === undefined) {
                this.appoint(question);
            }
        };
        if (claimant.destroyed) {
            passOn();
        } else {
            claimant.on("close", passOn);
            claimant.writeHead(claimedStatus).flushHeaders();
        }
    }
}
