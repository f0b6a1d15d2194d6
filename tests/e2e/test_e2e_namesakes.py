"""Several VMs of one name, and an inventory that gives the name one address: nobody is taken for another."""

from e2e_lab import wrong_verdicts

TWINS = """
version: 1
domain: lab.example
start: now
hosts:
  - name: HV1
    os: {{release: "2022", edition: Datacenter}}
    guests:
      - {{name: twin, computer_name: TWIN-A, os: {{release: "2022"}}, key: none, data_exchange: {exchange}}}
      - {{name: other, os: {{release: "2022"}}, key: avma, licensed: true}}
  - name: HV2
    os: {{release: "2022", edition: Datacenter}}
    guests:
      - {{name: twin, computer_name: TWIN-B, os: {{release: "2022"}}, key: avma, licensed: true}}
"""


def twins(document: dict) -> dict[str, tuple[str, str]]:
    """Verdict and first cause of each twin, by its host."""
    found = [guest for guest in document["guests"] if guest["name"] == "twin"]
    return {guest["host"]: (guest["verdict"], (guest["reasons"] or [{"code": ""}])[0]["code"]) for guest in found}


def test_a_computer_that_tells_no_id_is_neither_of_two_namesakes(open_lab):
    with open_lab(TWINS.format(exchange="no_contact")) as lab:
        document = lab.avma("verify").document
        assert twins(document) == {"HV1": ("unknown", "machine_unproven"), "HV2": ("unknown", "machine_unproven")}
        assert wrong_verdicts(lab, document) == ([], [])
        told = next(g["reasons"][0] for g in document["guests"] if g["name"] == "twin")
        assert "answered for 2 VMs" in told["message"]
        assert f"guests: {document['guests'][0]['vm_id']}: address" in told["next_step"]


def test_where_the_host_tells_their_addresses_each_is_itself(open_lab):
    with open_lab(TWINS.format(exchange="on")) as lab:
        assert twins(lab.avma("verify").document) == {"HV1": ("not_activated", "no_key"), "HV2": ("activated", "")}


def test_nothing_is_done_to_it(open_lab):
    with open_lab(TWINS.format(exchange="no_contact")) as lab:
        lab.avma("apply", "activate-guests")
        by_host = lab.get("/counters")["by_host"]
        assert {name: by_host.get(name, {}).get("state_changing", 0) for name in ("TWIN-A", "TWIN-B")} == {
            "TWIN-A": 0,
            "TWIN-B": 0,
        }


def test_an_address_by_id_settles_it(open_lab):
    with open_lab(TWINS.format(exchange="no_contact")) as lab:
        found = {h["name"]: vm for h in lab.get("/state")["hosts"] for vm in h["vms"] if vm["name"] == "twin"}
        text = "".join(f"  {vm['id']}: {{address: {vm['address']}}}\n" for vm in found.values())
        given = lab.thread.inventory.read_text()
        assert "\nguests:\n" in given
        path = lab.thread.inventory.with_name("by-id.yaml")
        path.write_text(given.replace("\nguests:\n", f"\nguests:\n{text}"))
        document = lab.avma("verify", inventory=str(path)).document
        assert {host: verdict for host, (verdict, _) in twins(document).items()} == {
            "HV1": "not_activated",
            "HV2": "activated",
        }
