package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"

	"google.golang.org/grpc"

	pb "keyturn.example/keyturn/v1"
)

// operator makes the calls of whoever runs the service.
func (c *client) operator() (pb.OperatorServiceClient, []string, error) {
	token, err := readToken(c.operatorTokenFile)
	return pb.NewOperatorServiceClient(c), []string{"authorization", "Bearer " + token}, err
}

// register makes the first key of the device and registers it. Both may be done already.
func (c *client) register(ctx context.Context) error {
	operator, credentials, err := c.operator()
	if err != nil {
		return err
	}
	path := filepath.Join(c.folder, "key.pem")
	text, err := readPrivate(path)
	if err != nil {
		return err
	}
	if text == "" {
		made, err := newKey(orElse(c.algorithm, "ES256"))
		if err != nil {
			return err
		}
		if err := c.writeKey(made); err != nil {
			return err
		}
	}
	first, err := readKey(path)
	if err != nil {
		return err
	}
	_, err = c.untilCertain(ctx, credentials, func(ctx context.Context, options ...grpc.CallOption) error {
		_, err := operator.CreateDevice(ctx, &pb.CreateDeviceRequest{DeviceId: c.device, PublicKey: first.publicPEM(), ProjectId: c.project}, options...)
		return err
	})
	if err == nil {
		c.say("register", "%s is registered with the key %s", c.device, first.thumbprint())
		return nil
	}
	var refused *refusal
	if errors.As(err, &refused) && refused.reason == pb.ErrorReason_ERROR_REASON_DEVICE_EXISTS && c.isOurs(ctx) {
		c.say("register", "%s is registered already", c.device)
		return nil
	}
	return err
}

// isOurs says whether the device that is registered has a key of the folder: it was registered by an earlier run, or by a
// call whose answer was lost.
func (c *client) isOurs(ctx context.Context) bool {
	state, _, err := openState(c.folder, c.device)
	if err != nil {
		return false
	}
	keys, err := c.listKeys(ctx)
	if err != nil {
		return false
	}
	for _, known := range keys {
		if _, err := state.key(known.Thumbprint); err == nil && known.State == pb.DeviceKeyState_DEVICE_KEY_STATE_CURRENT {
			return true
		}
	}
	return false
}

// listKeys is the operator's view of the device's keys, the newest first, 50 at most.
func (c *client) listKeys(ctx context.Context) (keys []*pb.DeviceKey, err error) {
	operator, credentials, err := c.operator()
	if err != nil {
		return nil, err
	}
	_, err = c.untilCertain(ctx, credentials, func(ctx context.Context, options ...grpc.CallOption) error {
		answer, err := operator.ListDeviceKeys(ctx, &pb.ListDeviceKeysRequest{DeviceId: c.device}, options...)
		keys = answer.GetKeys()
		return err
	})
	return keys, err
}

// showKeys prints the operator's view of the device's keys.
func (c *client) showKeys(ctx context.Context) error {
	keys, err := c.listKeys(ctx)
	for _, known := range keys {
		c.say("show_keys", "%-8s %s", known.State.String()[len("DEVICE_KEY_STATE_"):], known.Thumbprint)
	}
	return err
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// readCode reads the newest code that went to an address, which stays with the operator while the service has no mail
// server. A person reads it in the mail.
func (c *client) readCode(ctx context.Context, recipient string) (code string, err error) {
	operator, credentials, err := c.operator()
	if err != nil {
		return "", err
	}
	_, err = c.untilCertain(ctx, credentials, func(ctx context.Context, options ...grpc.CallOption) error {
		answer, err := operator.ListMessages(ctx, &pb.ListMessagesRequest{Recipient: recipient, PageSize: 1}, options...)
		for _, message := range answer.GetMessages() {
			code = sixDigits.FindString(message.Body)
		}
		return err
	})
	if err == nil && code == "" {
		return "", fmt.Errorf("the service shows no code for %s: it sends them itself", recipient)
	}
	return code, err
}
