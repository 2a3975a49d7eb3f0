import { checkPrimeSync, KeyObject } from "crypto";

/** The two numbers of an RSA public key. */
export interface RsaNumbers {
    readonly modulus: bigint;
    readonly exponent: bigint;
}

/** What is wrong with a key, and the rule that says so. */
export interface Weakness {
    readonly value: string;
    readonly rule: string;
}

/** The sizes that an RSA key may have, in bits. */
export const rsaSizes: readonly number[] = [2048, 3072, 4096, 8192];

/** Modulus and public exponent of an RSA key. */
export function rsaNumbers(key: KeyObject): RsaNumbers {
    const { n = "", e = "" } = key.export({ format: "jwk" });
    return { modulus: numberOf(n), exponent: numberOf(e) };
}

function numberOf(base64url: string): bigint {
    return BigInt(`0x0${Buffer.from(base64url, "base64url").toString("hex")}`);
}

/**
 * What lets anybody compute the private key of an RSA key from its public key, or forge its signatures, as far as cheap
 * arithmetic shows; for what is not cheap see {@link primeModulus}. The size must have been checked before.
 */
export function rsaWeakness({ modulus, exponent }: RsaNumbers): Weakness | undefined {
    return (
        exponentWeakness(modulus, exponent) ??
        smallFactor(modulus) ??
        powerOfOneNumber(modulus) ??
        closeFactors(modulus) ??
        roca(modulus)
    );
}

/** FIPS 186-5, A.1.1 (b). OpenSSL computes with long moduli only if the exponent has at most 64 bits. */
function exponentWeakness(modulus: bigint, exponent: bigint): Weakness | undefined {
    if (exponent % 2n === 0n || exponent < 65537n || exponent >= 1n << 256n) {
        return {
            value: `an RSA key with the public exponent ${shown(exponent)}`,
            rule: "the public exponent must be odd, 65537 or more, and less than 2^256 (FIPS 186-5, A.1.1)",
        };
    }
    if (exponent >= 1n << 64n && modulus >= 1n << 3072n) {
        return {
            value: `an RSA key of ${bitLength(modulus)} bits with the public exponent ${shown(exponent)}`,
            rule: "with more than 3072 bits, the public exponent must be less than 2^64, or OpenSSL cannot verify with the key",
        };
    }
    return undefined;
}

function shown(exponent: bigint): string {
    const bits = bitLength(exponent);
    return bits > 64 ? `of ${bits} bits` : String(exponent);
}

function bitLength(number: bigint): number {
    return number.toString(2).length;
}

/** NIST SP 800-89, 5.3.3 rules out factors below 752; trial division goes further while it costs next to nothing. */
const trialLimit = 4096;

function primesBelow(limit: number): number[] {
    const isComposite = new Uint8Array(limit);
    const primes: number[] = [];
    for (let number = 2; number < limit; number++) {
        if (isComposite[number] === 0) {
            primes.push(number);
            for (let multiple = number * number; multiple < limit; multiple += number) {
                isComposite[multiple] = 1;
            }
        }
    }
    return primes;
}

/** Primes whose product is exact as a `number`, so that one division of the modulus serves them all. */
interface PrimeGroup {
    readonly product: bigint;
    readonly primes: readonly number[];
}

const primeGroups: readonly PrimeGroup[] = grouped(primesBelow(trialLimit));

function grouped(primes: readonly number[]): PrimeGroup[] {
    const groups: number[][] = [];
    let product = Infinity;
    for (const prime of primes) {
        product *= prime;
        if (product > Number.MAX_SAFE_INTEGER) {
            groups.push([]);
            product = prime;
        }
        groups[groups.length - 1].push(prime);
    }
    return groups.map((members) => ({
        product: members.reduce((all, prime) => all * BigInt(prime), 1n),
        primes: members,
    }));
}

function smallFactor(modulus: bigint): Weakness | undefined {
    for (const { product, primes } of primeGroups) {
        const rest = Number(modulus % product);
        const factor = primes.find((prime) => rest % prime === 0);
        if (factor !== undefined) {
            return {
                value: `an RSA modulus divisible by ${factor}`,
                rule: "the modulus must be the product of two large primes (NIST SP 800-89, 5.3.3: no small factors)",
            };
        }
    }
    return undefined;
}

/** The largest integer whose `degree`-th power does not exceed the number: Newton's method, from above. */
function integerRoot(number: bigint, degree: number): bigint {
    const k = BigInt(degree);
    // The leading 1000 bits fit a double, which makes the first guess accurate to 40 bits, and never too small.
    const bits = bitLength(number);
    const shift = Math.max(0, Math.ceil((bits - 1000) / degree)) * degree;
    const leading = Number(number >> BigInt(shift)) ** (1 / degree) * (1 + 2 ** -40) + 1;
    let root = BigInt(Math.ceil(leading)) << BigInt(shift / degree);
    for (;;) {
        const next = ((k - 1n) * root + number / root ** (k - 1n)) / k;
        if (next >= root) {
            return root;
        }
        root = next;
    }
}

/** Tries the odd prime degrees that a root without small factors allows; {@link closeFactors} covers squares. */
function powerOfOneNumber(modulus: bigint): Weakness | undefined {
    const highest = bitLength(modulus) / Math.log2(trialLimit);
    for (const degree of degrees) {
        if (degree > highest) {
            break;
        }
        if (
            isPowerResidue(modulus, degree) &&
            integerRoot(modulus, degree) ** BigInt(degree) === modulus
        ) {
            return powerWeakness(degree);
        }
    }
    return undefined;
}

const degrees = primesBelow(1024).slice(1);

const witnesses = new Map<number, number>();

/** A prime q with q = 1 (mod degree): modulo q, a power is 0 or a power, as is one number in `degree`. */
function witnessOf(degree: number): number {
    let prime = witnesses.get(degree);
    if (prime === undefined) {
        prime = 2 * degree + 1;
        while (!checkPrimeSync(BigInt(prime))) {
            prime += 2 * degree;
        }
        witnesses.set(degree, prime);
    }
    return prime;
}

function isPowerResidue(modulus: bigint, degree: number): boolean {
    const prime = witnessOf(degree);
    const rest = Number(modulus % BigInt(prime));
    return rest === 0 || powerModulo(rest, (prime - 1) / degree, prime) === 1;
}

function powerModulo(base: number, exponent: number, prime: number): number {
    let result = 1;
    for (let factor = base, rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
        result = rest % 2 === 1 ? (result * factor) % prime : result;
        factor = (factor * factor) % prime;
    }
    return result;
}

function powerWeakness(degree: number): Weakness {
    return {
        value: `an RSA modulus that is a perfect power (exponent ${degree})`,
        rule: "the modulus must be the product of two different primes (NIST SP 800-89, 5.3.3: not the power of a prime)",
    };
}

/** How many differences of two squares are tried: with random primes, astronomically many would be needed. */
const fermatRounds = 100;

/** Squares modulo 64 and 45045 = 9 · 5 · 7 · 11 · 13: they rule out 99 of 100 numbers without computing a root. */
const squares64 = squaresModulo(64);
const squares45045 = squaresModulo(45045);

function squaresModulo(divisor: number): Uint8Array {
    const isSquare = new Uint8Array(divisor);
    for (let number = 0; number < divisor; number++) {
        isSquare[(number * number) % divisor] = 1;
    }
    return isSquare;
}

/** Fermat's method: n = a² - b² = (a + b)(a - b) with a just above the root of n, as with CVE-2022-26320. */
function closeFactors(modulus: bigint): Weakness | undefined {
    const floor = integerRoot(modulus, 2);
    if (floor * floor === modulus) {
        return powerWeakness(2);
    }
    let middle = floor + 1n;
    let difference = middle * middle - modulus;
    for (let round = 0; round < fermatRounds; round++) {
        if (isSquare(difference)) {
            return {
                value: "an RSA modulus whose two factors are close to each other",
                rule: "the two primes must differ within their first 100 bits (FIPS 186-5, A.1.3), or Fermat's method finds them (CVE-2022-26320)",
            };
        }
        difference += 2n * middle + 1n;
        middle += 1n;
    }
    return undefined;
}

function isSquare(number: bigint): boolean {
    if (
        squares64[Number(BigInt.asUintN(6, number))] === 0 ||
        squares45045[Number(number % 45045n)] === 0
    ) {
        return false;
    }
    return integerRoot(number, 2) ** 2n === number;
}

/**
 * CVE-2017-15361 (ROCA): the primes of Infineon's RSALib are k · M + (65537^a mod M) with M the product of the first
 * primes, so that the modulus is a power of 65537 modulo each of those. Nemec et al., The Return of Coppersmith's Attack
 * (ACM CCS 2017): a random modulus is one modulo each prime up to 167 with a probability of 2^-28.
 */
const rocaResidues: ReadonlyMap<number, ReadonlySet<number>> = new Map(
    primesBelow(168)
        .map((prime) => [prime, powersOf65537(prime)] as const)
        .filter(([prime, powers]) => powers.size < prime - 1),
);

const rocaProduct = [...rocaResidues.keys()].reduce((all, prime) => all * BigInt(prime), 1n);

function powersOf65537(prime: number): ReadonlySet<number> {
    const powers = new Set<number>();
    for (let power = 1; !powers.has(power); power = (power * 65537) % prime) {
        powers.add(power);
    }
    return powers;
}

/** Whether a modulus has the fingerprint of ROCA. */
export function hasRocaFingerprint(modulus: bigint): boolean {
    const rest = modulus % rocaProduct;
    return [...rocaResidues].every(([prime, powers]) => powers.has(Number(rest % BigInt(prime))));
}

function roca(modulus: bigint): Weakness | undefined {
    return hasRocaFingerprint(modulus)
        ? {
              value: "an RSA key with the fingerprint of ROCA (CVE-2017-15361)",
              rule: "the primes must be random: those of Infineon's RSALib can be computed from the modulus",
          }
        : undefined;
}

/**
 * A modulus that is itself a prime, whose private exponent is easy to compute. One round of Miller-Rabin rules out nearly
 * every composite, and takes some milliseconds for 2048 bits, eight times that for twice the bits.
 */
export function primeModulus({ modulus }: RsaNumbers): Weakness | undefined {
    return checkPrimeSync(modulus, { checks: 1 })
        ? {
              value: "an RSA modulus that is a prime",
              rule: "the modulus must be the product of two primes (NIST SP 800-89, 5.3.3)",
          }
        : undefined;
}
