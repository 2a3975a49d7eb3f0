import { strict as assert } from "assert";
import { isSameCommonName, isSameName } from "../../../../components/x509/distinguishedName";

describe("distinguished names as services show them", () => {
    const same: readonly (readonly [string, string, string])[] = [
        ["another order", "C=US\nO=Contoso\nCN=Fleet CA", "CN=Fleet CA, O=Contoso, C=US"],
        ["other spacing and case", "CN=Fleet CA,O=Contoso", "cn = fleet  ca ,  O=CONTOSO"],
        [
            "other quoting",
            String.raw`O=Contoso\, "Inc."`.replace(/"/g, '\\"'),
            'O="Contoso, ""Inc."""',
        ],
        ["other names of types", "ST=Ohio\nemailAddress=a@b.c\nCN=x", "CN=x, E=a@b.c, S=Ohio"],
        ["an OID as a type", "serialNumber=7\nCN=x", "CN=x, OID.2.5.4.5=7"],
        ["an RDN of two attributes", "O=Contoso + OU=Lab\nCN=x", "CN=x, O=Contoso+OU=Lab"],
        ["an equals sign in a value", "CN=a=b", 'CN="a=b"'],
    ];
    for (const [title, one, other] of same) {
        it(`are equal with ${title}`, () => {
            assert.ok(isSameName(one, other));
            assert.ok(isSameName(other, one));
        });
    }

    const different: readonly (readonly [string, string])[] = [
        ["CN=Fleet CA", "CN=Fleet CA 2"],
        ["CN=Fleet CA", "O=Fleet CA"],
        ["CN=Fleet CA", "CN=Fleet CA, O=Contoso"],
        ["CN=x, O=y", String.raw`CN=x\, O=y`],
        ["", ""],
        ["Fleet CA", "Fleet CA"],
    ];
    for (const [one, other] of different) {
        it(`"${one}" is not "${other}"`, () => {
            assert.ok(!isSameName(one, other));
            assert.ok(!isSameName(other, one));
        });
    }

    it("compares single common names", () => {
        assert.ok(isSameCommonName("C=US\nO=Contoso\nCN=pump-1", "CN=pump-1"));
        assert.ok(!isSameCommonName("CN=pump-1", "CN=pump-10"));
        assert.ok(!isSameCommonName("CN=pump-1", "O=pump-1"));
        assert.ok(!isSameCommonName("O=Contoso", "O=Contoso"));
    });
});
