package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"google.golang.org/grpc"

	pb "keyturn.example/keyturn/v1"
)

// refusals provokes what a service refuses and reads it: the reason, the fields at fault, and what to do. It works on a
// device of its own, which it removes at the end.
func (c *client) refusals(ctx context.Context) error {
	trial, remove, err := c.trialDevice(ctx)
	if err != nil {
		return err
	}
	defer remove()
	for _, provoked := range []struct {
		what   string
		reason pb.ErrorReason
		do     flow
	}{
		{"a JWT is replayed after a later rotation", pb.ErrorReason_ERROR_REASON_DEVICE_UNAUTHENTICATED, (*client).replay},
		{"a frozen device rotates its key", pb.ErrorReason_ERROR_REASON_DEVICE_FROZEN, (*client).rotateFrozen},
		{"a secret is too short", pb.ErrorReason_ERROR_REASON_IOTDA_INPUT_INVALID, (*client).resetToShort},
		{"an address is bound to an unknown key", pb.ErrorReason_ERROR_REASON_AUTHENTIQ_UNKNOWN_KEY, (*client).bindUnknown},
	} {
		err := provoked.do(trial, ctx)
		var refused *refusal
		if !errors.As(err, &refused) || refused.reason != provoked.reason {
			return fmt.Errorf("%s, and the answer is not %s: %v", provoked.what, provoked.reason, err)
		}
		c.say("refusals", "%s\n  %s", provoked.what, strings.ReplaceAll(refused.Error(), "\n", "\n  "))
	}
	return nil
}

// trialDevice registers a device with another name and another folder, and says how to be rid of both.
func (c *client) trialDevice(ctx context.Context) (trial *client, remove func(), err error) {
	operator, credentials, err := c.operator()
	if err != nil {
		return nil, nil, err
	}
	suffix, err := randomHex(4)
	if err != nil {
		return nil, nil, err
	}
	others := *c.settings
	others.device = c.device + "-" + suffix
	if others.folder, err = os.MkdirTemp(c.folder, "refusals-"); err != nil {
		return nil, nil, err
	}
	trial = &client{&others, c.connection}
	remove = func() {
		// Not with the context of the run, which may be over.
		_, err := c.untilCertain(context.Background(), credentials, func(ctx context.Context, options ...grpc.CallOption) error {
			_, err := operator.DeleteDevice(ctx, &pb.OperatorServiceDeleteDeviceRequest{DeviceId: others.device}, options...)
			return err
		})
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s is left behind: %v\n", others.device, err)
		}
		os.RemoveAll(others.folder)
	}
	if err := trial.register(ctx); err != nil {
		os.RemoveAll(others.folder)
		return nil, nil, err
	}
	return trial, remove, nil
}

// replay sends the update of one rotation again when another one has been made. As long as no other was made it would get
// the answer once more.
func (c *client) replay(ctx context.Context) error {
	state, current, err := openState(c.folder, c.device)
	if err != nil {
		return err
	}
	next, err := newKey("ES256")
	if err != nil {
		return err
	}
	if err := state.open(current, next, c.lifetime, false); err != nil {
		return err
	}
	captured := *state.Pending
	if err := c.settle(ctx, state, true); err != nil {
		return err
	}
	if err := c.rotate(ctx); err != nil {
		return err
	}
	_, err = c.send(ctx, captured.JWT, captured.Pop)
	return err
}

// rotateFrozen lets the operator freeze the device before it rotates its key.
func (c *client) rotateFrozen(ctx context.Context) error {
	operator, credentials, err := c.operator()
	if err != nil {
		return err
	}
	_, err = c.untilCertain(ctx, credentials, func(ctx context.Context, options ...grpc.CallOption) error {
		_, err := operator.FreezeDevice(ctx, &pb.OperatorServiceFreezeDeviceRequest{DeviceId: c.device}, options...)
		return err
	})
	if err != nil {
		return err
	}
	return c.rotate(ctx)
}

// resetToShort asks for a secret that no device may have: the answer names the field.
func (c *client) resetToShort(ctx context.Context) error {
	_, credentials, err := c.operator()
	if err != nil {
		return err
	}
	short := "short"
	secrets := pb.NewDeviceSecretServiceClient(c)
	_, err = c.untilCertain(ctx, credentials, func(ctx context.Context, options ...grpc.CallOption) error {
		_, err := secrets.ResetDeviceSecret(ctx, &pb.ResetDeviceSecretRequest{
			ProjectId: c.project, DeviceId: c.device, ActionId: "resetSecret", Reset_: &pb.DeviceSecretReset{Secret: &short},
		}, options...)
		return err
	})
	return err
}

// bindUnknown binds an address to an identity key that was never registered.
func (c *client) bindUnknown(ctx context.Context) error {
	self, err := c.openIdentity()
	if err != nil {
		return err
	}
	return c.bindAddresses(ctx, pb.NewIdentityBindingServiceClient(c), self)
}
