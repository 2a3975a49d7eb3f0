// A device as people write it in Go: Paho over TLS, with the certificate and its chain from files.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

func main() {
	if len(os.Args) != 7 {
		fail("usage", fmt.Errorf("%s ADDRESS HUB DEVICE-ID CA CHAIN KEY", os.Args[0]))
	}
	address, hub, device := os.Args[1], os.Args[2], os.Args[3]
	authorities, err := os.ReadFile(os.Args[4])
	fail("CA", err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authorities)
	pair, err := tls.LoadX509KeyPair(os.Args[5], os.Args[6])
	fail("certificate", err)
	options := mqtt.NewClientOptions().
		AddBroker("ssl://" + address).
		SetClientID(device).
		SetUsername(hub + "/" + device + "/?api-version=2021-04-12").
		SetProtocolVersion(4). // MQTT 3.1.1; else a refusal is followed by an attempt with 3.1
		SetConnectRetry(false).
		SetAutoReconnect(false).
		SetTLSConfig(&tls.Config{
			RootCAs:      pool,
			Certificates: []tls.Certificate{pair},
			ServerName:   hub,
		})
	client := mqtt.NewClient(options)
	wait("connect", client.Connect())
	wait("publish", client.Publish("devices/"+device+"/messages/events/", 1, false, "from Go"))
	client.Disconnect(250)
	fmt.Println("sent")
}

func wait(what string, token mqtt.Token) {
	if !token.WaitTimeout(20 * time.Second) {
		fail(what, fmt.Errorf("no answer"))
	}
	fail(what, token.Error())
}

func fail(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}
