/** Numbered steps on the terminal, each with its time, and a summary at the end. */
export class Progress {
    private readonly started = Date.now();
    private readonly facts: string[] = [];
    private readonly skipped: string[] = [];
    private count = 0;

    constructor(private readonly total: number) {}

    /** Runs one step under a heading; its failure is the caller's. */
    async step<T>(title: string, work: () => Promise<T>): Promise<T> {
        this.heading(title);
        const began = Date.now();
        const result = await work();
        this.say(`done in ${seconds(began)} s`);
        return result;
    }

    /** Tells that a step is left out, and counts it in the summary. */
    skip(title: string, why: string): void {
        this.heading(title);
        this.say(`SKIPPED: ${why}`);
        this.skipped.push(title);
    }

    say(text: string): void {
        process.stdout.write(text.replace(/^/gm, "      ") + "\n");
    }

    /** Says a fact and keeps it for the summary. */
    fact(text: string): void {
        this.say(text);
        this.facts.push(text);
    }

    summary(): void {
        process.stdout.write(`\nSummary (${seconds(this.started)} s)\n`);
        this.facts.forEach((fact) => process.stdout.write(`  ✓ ${fact}\n`));
        this.skipped.forEach((title) => process.stdout.write(`  - skipped: ${title}\n`));
        if (this.skipped.length > 0) {
            const done = this.count - this.skipped.length;
            process.stdout.write(`${done} steps done, ${this.skipped.length} skipped\n`);
        }
    }

    private heading(title: string): void {
        this.count += 1;
        process.stdout.write(`\n[${this.count}/${this.total}] ${title}\n`);
    }
}

function seconds(since: number): string {
    return ((Date.now() - since) / 1000).toFixed(1);
}
