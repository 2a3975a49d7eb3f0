import { ServerResponse } from "http";
import { claimedStatus, stoppedStatus } from "../../components/rateLimit/sharedRateLimiters";

interface Question {
    /** JSON. */
    answer?: string;
    /** Holds the claim: its sender is finding the answer. */
    claimant?: ServerResponse;
    readonly waiting: ServerResponse[];
}

/** Limits of what is kept. Beyond them, each process finds the answers itself. */
export interface AnswerLimits {
    readonly questions: number;
    /** Total characters of all answers. */
    readonly characters: number;
}

const defaultLimits: AnswerLimits = { questions: 10_000, characters: 512 * 1024 * 1024 };

/** Questions that one process answers while all others wait. */
export class SingleFlight {
    private readonly questions = new Map<string, Question>();
    private characters = 0;

    constructor(private readonly limits = defaultLimits) {}

    /** Answers, now or later, or tells the sender to find the answer. */
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
     * Stores an answer; only the first one counts.
     *
     * @returns false if there is no room for it; the waiting processes must then find it, one after the other
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

    /** Ends all waiting. */
    stop(): void {
        for (const { waiting } of this.questions.values()) {
            waiting.splice(0).forEach((response) => response.writeHead(stoppedStatus).end());
        }
    }

    /** Undefined if there is no room for another question. */
    private question(what: string): Question | undefined {
        const known = this.questions.get(what);
        if (known !== undefined || this.questions.size >= this.limits.questions) {
            return known;
        }
        const question: Question = { waiting: [] };
        this.questions.set(what, question);
        return question;
    }

    /** Appoints the first process that is still connected, and the next one if it leaves without an answer. */
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
