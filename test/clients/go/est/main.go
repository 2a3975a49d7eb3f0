// Asks an EST service as the client of globalsign/est does, which the module proxy does not have: the body in pieces without a
// length, lines of 76 characters that end with CR LF, a password without being asked for it. TLS and HTTP are those of Go, and
// PKCS#7 is read by the package that globalsign/est uses.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"go.mozilla.org/pkcs7"
)

var (
	base      = flag.String("url", "", "https://HOST:PORT/.well-known/est/LABEL")
	trusted   = flag.String("ca", "", "CAs of the server, PEM")
	present   = flag.String("cert", "", "the client's certificate and its chain, PEM")
	key       = flag.String("key", "", "its key, PEM")
	user      = flag.String("user", "", "NAME:PASSWORD")
	name      = flag.String("name", "", "common name of a first request; a later one takes the certificate's subject")
	keyOut    = flag.String("keyout", "", "file of the new key")
	pkcs7Type = "application/pkcs7-mime"
)

func main() {
	flag.Parse()
	switch operation := flag.Arg(0); operation {
	case "cacerts":
		printCertificates(ask("GET", operation, pkcs7Type, nil))
	case "csrattrs":
		var attributes []asn1.RawValue
		rest, err := asn1.Unmarshal(ask("GET", operation, "application/csrattrs", nil), &attributes)
		fail("attributes", err)
		fmt.Printf("%d attributes, %d bytes more\n", len(attributes), len(rest))
	case "simpleenroll", "simplereenroll":
		printCertificates(ask("POST", operation, pkcs7Type, request()))
	default:
		fail("usage", fmt.Errorf("%q is no operation", operation))
	}
}

// ask returns the decoded body of an answer of the wanted type.
func ask(method, operation, accept string, body []byte) []byte {
	var reader io.Reader
	if body != nil {
		// Of a reader of this kind Go knows no length, so it sends chunks.
		reader = io.NopCloser(bytes.NewBuffer(lines(body)))
	}
	asked, err := http.NewRequest(method, *base+"/"+operation, reader)
	fail("request", err)
	asked.Header.Set("Accept", accept)
	if body != nil {
		asked.Header.Set("Content-Type", "application/pkcs10")
		asked.Header.Set("Content-Transfer-Encoding", "base64")
	}
	if before, after, found := strings.Cut(*user, ":"); found {
		asked.SetBasicAuth(before, after)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: tlsConfig()}}
	answer, err := client.Do(asked)
	fail("connect", err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	fail("body", err)
	if answer.StatusCode != http.StatusOK {
		fail("refused", fmt.Errorf("%d %s", answer.StatusCode, strings.TrimSpace(string(text))))
	}
	if found := answer.Header.Get("Content-Type"); !strings.HasPrefix(found, accept) {
		fail("type", fmt.Errorf("%s", found))
	}
	decoded, err := base64.StdEncoding.DecodeString(string(text))
	fail("base64", err)
	return decoded
}

func tlsConfig() *tls.Config {
	authorities, err := os.ReadFile(*trusted)
	fail("CA", err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authorities)
	config := &tls.Config{RootCAs: pool}
	if *present != "" {
		pair, err := tls.LoadX509KeyPair(*present, *key)
		fail("certificate", err)
		config.Certificates = []tls.Certificate{pair}
	}
	return config
}

// request makes a new key and asks for a certificate with the subject and the names of the present one.
func request() []byte {
	fresh, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fail("key", err)
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: *name}}
	if *name == "" {
		text, err := os.ReadFile(*present)
		fail("certificate", err)
		block, _ := pem.Decode(text)
		certificate, err := x509.ParseCertificate(block.Bytes)
		fail("certificate", err)
		template = &x509.CertificateRequest{RawSubject: certificate.RawSubject, DNSNames: certificate.DNSNames}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, fresh)
	fail("request", err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(fresh)
	fail("key", err)
	fail("key", os.WriteFile(*keyOut, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	return der
}

func lines(der []byte) []byte {
	text := base64.StdEncoding.EncodeToString(der)
	var out bytes.Buffer
	for len(text) > 76 {
		out.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	out.WriteString(text + "\r\n")
	return out.Bytes()
}

func printCertificates(der []byte) {
	message, err := pkcs7.Parse(der)
	fail("PKCS#7", err)
	for _, certificate := range message.Certificates {
		fail("output", pem.Encode(os.Stdout, &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
	}
}

func fail(what string, err error) {
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
		os.Exit(1)
	}
}
