"""Drives the simulated cloud with Microsoft's own SDK.

Arguments: the server's URL, the ids of two subscriptions, a management group, a quota group.
Prints one line for each step, and `calls N` at the end. Ends with an error where an answer is
not what the SDK and Azure's contract make of it.
"""

import json
import sys
import time
import urllib.parse
import urllib.request

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.polling.base_polling import LROBasePolling
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from azure.mgmt.quota import QuotaMgmtClient
from azure.mgmt.resource.resources import ResourceManagementClient

BASE, SUB, OTHER, MG, QG = sys.argv[1:6]
SCOPE = "https://management.azure.com/.default"
FAMILY = "standardDSv5Family"
LOCATION = "eastus2"


# The cloud's time is not ours: waits that it asks for pass as soon as its clock is moved.
LROBasePolling._extract_delay = lambda self: 0.05


class PlainHttp(ARMChallengeAuthenticationPolicy):
    """The same policy, over loopback without TLS."""

    def on_request(self, request):
        request.context.options.setdefault("enforce_https", False)
        super().on_request(request)


class Credential:
    """A client secret, traded for a token at the server's token endpoint."""

    def get_token(self, *scopes, **_):
        form = {
            "grant_type": "client_credentials",
            "client_id": "sdk",
            "client_secret": "secret",
            "scope": scopes[0],
        }
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"{BASE}/tenant/oauth2/v2.0/token", data) as answer:
            body = json.load(answer)
        return AccessToken(body["access_token"], int(time.time()) + body["expires_in"])


def client(kind, *args):
    policy = PlainHttp(Credential(), SCOPE)
    return kind(
        Credential(),
        *args,
        base_url=BASE,
        authentication_policy=policy,
        polling_interval=0,
        retry_total=0,
    )


def control(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{BASE}/_sim/{path}", data, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def finish(poller):
    """Lets the cloud's time pass until an operation ends."""
    for _ in range(200):
        if poller.done():
            break
        control("advance", {"seconds": 60})
        poller.wait(0.05)
    assert poller.done(), "the operation does not end"
    return poller.result()


def refused(code, call):
    try:
        call()
    except HttpResponseError as error:
        assert error.error.code == code, (error.error.code, code)
        return
    raise AssertionError(f"not refused with {code}")


def step(name):
    print(f"step {name}", flush=True)


def groups_and_tags(resources):
    step("resource groups")
    group = resources.resource_groups.create_or_update(
        "rg-sdk", {"location": LOCATION, "tags": {"owner": "sdk"}}
    )
    assert group.properties.provisioning_state == "Succeeded", group
    assert resources.resource_groups.check_existence("rg-sdk")
    assert not resources.resource_groups.check_existence("rg-none")
    assert [one.name for one in resources.resource_groups.list()] == ["rg-sdk"]
    refused(
        "InvalidResourceGroupLocation",
        lambda: resources.resource_groups.create_or_update("rg-sdk", {"location": "westus"}),
    )
    try:
        resources.resource_groups.get("rg-none")
        raise AssertionError("it is not there")
    except ResourceNotFoundError as error:
        assert error.error.code == "ResourceGroupNotFound"
    step("tags")
    scope = f"subscriptions/{SUB}/resourceGroups/rg-sdk"
    patch = {"operation": "Merge", "properties": {"tags": {"fleet": "contoso"}}}
    finish(resources.tags.begin_update_at_scope(scope, patch))
    tags = resources.tags.get_at_scope(scope).properties.tags
    assert tags == {"owner": "sdk", "fleet": "contoso"}, tags
    step("namespaces")
    assert resources.providers.register("Microsoft.Quota").registration_state == "Registered"


def quotas(quota):
    step("quotas")
    scope = f"subscriptions/{SUB}/providers/Microsoft.Compute/locations/{LOCATION}"
    before = quota.quota.get(FAMILY, scope).properties.limit.value
    wanted = {
        "properties": {
            "limit": {"limitObjectType": "LimitValue", "value": before + 16},
            "name": {"value": FAMILY},
        }
    }
    finish(quota.quota.begin_create_or_update(FAMILY, scope, wanted))
    assert quota.quota.get(FAMILY, scope).properties.limit.value == before + 16
    assert any(one.name == FAMILY for one in quota.quota.list(scope))
    assert any(one.name == FAMILY for one in quota.usages.list(scope))
    assert len(list(quota.quota_request_status.list(scope))) == 1


def allocations(quota):
    # The client's own subscription is the one that is allocated to.
    step("group quota allocations")
    names = [one.name for one in quota.group_quotas.list(MG)]
    assert names == [QG], names
    members = [one.name for one in quota.group_quota_subscriptions.list(MG, QG)]
    assert members == [SUB, OTHER], members

    def available():
        answer = quota.group_quota_limits.list(MG, QG, "Microsoft.Compute", LOCATION)
        return answer.properties.value[0].properties.available_limit

    def allocate(limit):
        body = {"properties": {"value": [{"properties": {"resourceName": FAMILY, "limit": limit}}]}}
        return finish(
            quota.group_quota_subscription_allocation_request.begin_update(
                MG, QG, "Microsoft.Compute", LOCATION, body
            )
        )

    had = available()
    allocate(40)
    assert available() == had - 40, available()
    refused("InsufficientQuota", lambda: allocate(had + 1))
    allocate(0)
    assert available() == had
    step("quota groups")
    finish(
        quota.group_quotas.begin_create_or_update(
            MG, "sdkgroup", {"properties": {"displayName": "sdk"}}
        )
    )
    assert quota.group_quotas.get(MG, "sdkgroup").properties.display_name == "sdk"
    finish(quota.group_quota_subscriptions.begin_delete(MG, QG))
    finish(quota.group_quota_subscriptions.begin_create_or_update(MG, "sdkgroup"))
    finish(quota.group_quota_subscriptions.begin_delete(MG, "sdkgroup"))
    finish(quota.group_quotas.begin_delete(MG, "sdkgroup"))


def reservations(compute):
    step("capacity reservations")
    group = compute.capacity_reservation_groups.create_or_update(
        "rg-sdk", "crg", {"location": LOCATION, "zones": ["1"]}
    )
    assert group.zones == ["1"], group
    body = {
        "location": LOCATION,
        "zones": ["1"],
        "sku": {"name": "Standard_D4s_v5", "capacity": 2},
    }
    one = finish(
        compute.capacity_reservations.begin_create_or_update("rg-sdk", "crg", "cr", body)
    )
    assert one.sku.capacity == 2, one
    one = finish(
        compute.capacity_reservations.begin_update(
            "rg-sdk", "crg", "cr", {"sku": {"capacity": 3}}
        )
    )
    assert one.sku.capacity == 3, one
    return group.id


def scale_sets(compute, reservation):
    step("scale sets")
    model = {
        "location": LOCATION,
        "zones": ["1"],
        "sku": {"name": "Standard_D4s_v5", "tier": "Standard", "capacity": 2},
        "properties": {
            "orchestrationMode": "Uniform",
            "singlePlacementGroup": False,
            "overprovision": False,
            "upgradePolicy": {"mode": "Manual"},
            "virtualMachineProfile": {
                "capacityReservation": {"capacityReservationGroup": {"id": reservation}}
            },
        },
    }
    sets = compute.virtual_machine_scale_sets
    made = finish(sets.begin_create_or_update("rg-sdk", "vmss", model))
    assert made.sku.capacity == 2, made
    assert made.properties.overprovision is False
    used = compute.capacity_reservations.get("rg-sdk", "crg", "cr", expand="instanceView")
    used = used.properties.instance_view.utilization_info.virtual_machines_allocated
    assert len(used) == 2, used
    finish(sets.begin_update("rg-sdk", "vmss", {"sku": {"capacity": 3}}))
    finish(sets.begin_deallocate("rg-sdk", "vmss"))
    view = sets.get_instance_view("rg-sdk", "vmss")
    codes = {one.code: one.count for one in view.virtual_machine.statuses_summary}
    assert codes["PowerState/deallocated"] == 3, codes
    finish(sets.begin_start("rg-sdk", "vmss"))
    machines = list(compute.virtual_machine_scale_set_vms.list("rg-sdk", "vmss"))
    assert len(machines) == 3, machines
    refused(
        "OperationNotAllowed",
        lambda: sets.begin_update("rg-sdk", "vmss", {"sku": {"capacity": 1000}}),
    )
    usage = {one.name.value: one for one in compute.usage.list(LOCATION)}
    assert usage[FAMILY].current_value == 12, usage[FAMILY]
    finish(sets.begin_delete("rg-sdk", "vmss"))


def deletion(resources, compute):
    step("deletion")
    finish(compute.capacity_reservations.begin_delete("rg-sdk", "crg", "cr"))
    finish(compute.capacity_reservation_groups.begin_delete("rg-sdk", "crg"))
    finish(resources.resource_groups.begin_delete("rg-sdk"))
    assert not resources.resource_groups.check_existence("rg-sdk")
    refused("ResourceGroupNotFound", lambda: resources.resource_groups.begin_delete("rg-sdk"))


def main():
    resources = client(ResourceManagementClient, SUB)
    compute = client(ComputeManagementClient, SUB)
    quota = client(QuotaMgmtClient, SUB)
    groups_and_tags(resources)
    quotas(quota)
    allocations(client(QuotaMgmtClient, OTHER))
    reservation = reservations(compute)
    scale_sets(compute, reservation)
    deletion(resources, compute)
    print("calls", control("calls")["total"])


main()
