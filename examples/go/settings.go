package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"time"
)

// settings are what the command line says.
type settings struct {
	server, url                             string
	tls                                     bool
	ca, cert, certKey                       string
	device, project, folder                 string
	operatorTokenFile, applicationTokenFile string
	algorithm, secretType                   string
	email, phone                            string
	lifetime, timeout, patience             time.Duration
}

const usage = `Usage: client [FLAGS] [FLOW]

  all            register, rotate, show_keys, reset_secret and bind_identity; if no flow is named
  register       makes the first key of the device and registers it, as the operator
  rotate         replaces the key of the device, as the device
  show_keys      shows the history of its keys, as the operator
  reset_secret   gives the device a new secret, as an application
  bind_identity  binds an e-mail address and a phone number to an identity key, as a person
  refusals       provokes refusals on a device that it removes again, and shows how to read them

A flow that was interrupted is finished by running it again. Exit codes:
  0  done
  1  no certain answer, or a fault of this machine: run it again
  2  wrong usage, or a file that cannot be used: mend what the message names
  3  refused by the service: the message names the reason and what to do

Flags:
`

// readSettings reads the command line. It returns the flow, too.
func readSettings(arguments []string) (*settings, string, error) {
	s := &settings{}
	flags := flag.NewFlagSet("client", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.server, "server", "127.0.0.1:50051", "`HOST:PORT` where the service serves gRPC")
	flags.StringVar(&s.url, "url", "http://127.0.0.1:8080", "where it serves HTTP, and the issuer of what it countersigns")
	flags.BoolVar(&s.tls, "tls", false, "encrypt the connection and check the service's certificate")
	flags.StringVar(&s.ca, "ca", "", "PEM `FILE` of authorities to trust in place of the system's")
	flags.StringVar(&s.cert, "cert", "", "PEM `FILE` of a client certificate, where the service asks for one")
	flags.StringVar(&s.certKey, "cert-key", "", "PEM `FILE` of its key")
	flags.StringVar(&s.device, "device", "go-device-01", "`ID` of the device")
	flags.StringVar(&s.project, "project", "default", "`ID` of its project")
	flags.StringVar(&s.folder, "folder", "data/go_client", "`FOLDER` for keys, secrets and what must survive a crash; one for each device")
	flags.StringVar(&s.operatorTokenFile, "operator-token-file", "data/operator.token", "`FILE` with the operator's token")
	flags.StringVar(&s.applicationTokenFile, "application-token-file", "", "`FILE` with an application's token (default: the operator's)")
	flags.StringVar(&s.algorithm, "algorithm", "", "what the new key is for: ES256, EdDSA or Ed25519 (default: as the current key)")
	flags.StringVar(&s.secretType, "secret-type", "PRIMARY", "which secret to reset: PRIMARY or SECONDARY")
	flags.StringVar(&s.email, "email", "go-client@example.com", "e-mail `ADDRESS` to bind")
	flags.StringVar(&s.phone, "phone", "+31201234501", "phone `NUMBER` to bind")
	flags.DurationVar(&s.lifetime, "exp", 10*time.Minute, "how long a signed update is good for")
	flags.DurationVar(&s.timeout, "timeout", 10*time.Second, "deadline of one try of a call")
	flags.DurationVar(&s.patience, "patience", time.Minute, "how long to repeat a call that is safe to repeat")
	if err := flags.Parse(arguments); errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return nil, "", err
	} else if err != nil {
		return nil, "", usageError{err.Error() + "; -help names the flags"}
	}
	if flags.NArg() > 1 {
		return nil, "", usageError{fmt.Sprintf("one flow at a time: flags stand before %s", flags.Arg(0))}
	}
	if place, err := url.Parse(s.url); err != nil || place.Scheme != "https" && (place.Scheme != "http" || !isLoopback(net.JoinHostPort(place.Hostname(), "80"))) {
		return nil, "", usageError{"-url is https://HOST, or http://HOST of this machine: who can change what comes from there can countersign"}
	}
	if s.secretType != "PRIMARY" && s.secretType != "SECONDARY" {
		return nil, "", usageError{"-secret-type is PRIMARY or SECONDARY"}
	}
	if s.timeout <= 0 || s.patience < 0 || s.lifetime < 10*time.Second || s.lifetime > 24*time.Hour {
		return nil, "", usageError{"-timeout is more than 0, -patience 0 or more, -exp 10s to 24h"}
	}
	return s, orElse(flags.Arg(0), "all"), nil
}

// usageError is for what the one who runs this has to mend. Nothing was sent.
type usageError struct{ text string }

func (u usageError) Error() string { return u.text }

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
