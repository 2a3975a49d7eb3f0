module iot-x509/go-client

go 1.24.0

require (
	github.com/eclipse/paho.mqtt.golang v1.5.1
	go.mozilla.org/pkcs7 v0.9.0
)

require (
	github.com/gorilla/websocket v1.5.3 // indirect
	golang.org/x/net v0.44.0 // indirect
	golang.org/x/sync v0.17.0 // indirect
)
