import { ServerResponse } from "http";
import { claimedStatus, stoppedStatus } from "../../../components/iothub/sharedPace";

interface Question {
    /** JSON. */
    answer?: string;
    /** Holds the claim: it is looking for the answer. */
    claimant?: ServerResponse;
    readonly waiting: ServerResponse[];
}

/** Questions that one process finds the answer to, and all others wait for. */
export class SharedAnswers {
    private readonly questions = new Map<string, Question>();

    /** Answers, now or later; or says that the sender is to find the answer. */
    claim(what: string, response: ServerResponse): void {
        const question = this.question(what);
        if (question.answer !== undefined) {
            response.end(question.answer);
            return;
        }
        question.waiting.push(response);
        if (question.claimant === undefined) {
            this.appoint(question);
        }
    }

    give(what: string, answer: string): void {
        const question = this.question(what);
        question.answer = answer;
        question.waiting.splice(0).forEach((response) => response.end(answer));
    }

    /** Nobody waits any longer. */
    stop(): void {
        for (const { waiting } of this.questions.values()) {
            waiting.splice(0).forEach((response) => response.writeHead(stoppedStatus).end());
        }
    }

    private question(what: string): Question {
        const question = this.questions.get(what) ?? { waiting: [] };
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
