import { Effective, EffectiveGroup } from "../model/effective";
import { EnrollmentDump, ServiceDump } from "../real/dump";
import { differ, differAsSets } from "./seen";

/** Who may register: the groups, and the devices that are enrolled by their own certificate. */
export function enrollmentProblems(
    now: Effective,
    enrolled: readonly EffectiveGroup[],
    service: ServiceDump,
    pending: readonly string[],
): string[] {
    const signed = enrolled.filter(({ authorities }) => !pending.includes(authorities[0].name));
    const alone = now.devices.flatMap((device) => {
        const group = signed.find((one) => one.name === device.group?.name);
        const isDisabled = device.status === "disabled" || group?.blocked === true;
        return device.isEnrolledAlone && group ? [{ id: device.id, group, isDisabled }] : [];
    });
    const enabled = service.enrollments.filter((one) => one.provisioningStatus === "enabled");
    return [
        ...(pending.length > 0
            ? []
            : differAsSets(
                  "the enrollment groups",
                  service.groups.map((one) => one.enrollmentGroupId ?? ""),
                  enrolled.map(({ name }) => name),
              )),
        ...signed.flatMap((group) =>
            policyProblems(
                `the enrollment group ${group.name}`,
                service.groups.find((one) => one.enrollmentGroupId === group.name),
                group,
                group.blocked,
            ),
        ),
        // That of a device that went may stay, disabled: so it cannot register through its group.
        ...differAsSets(
            "the enabled individual enrollments",
            enabled.map((one) => one.registrationId ?? ""),
            alone.filter((one) => !one.isDisabled).map(({ id }) => id),
        ),
        ...alone.flatMap(({ id, group, isDisabled }) =>
            policyProblems(
                `the enrollment of ${id}`,
                service.enrollments.find((one) => one.registrationId === id),
                group,
                isDisabled,
            ),
        ),
    ];
}

function policyProblems(
    what: string,
    seen: EnrollmentDump | undefined,
    group: EffectiveGroup,
    isDisabled: boolean,
): string[] {
    if (seen === undefined) {
        return [`${what} is missing`];
    }
    const { updateHubAssignment, migrateDeviceData } = seen.reprovisionPolicy;
    return [
        ...differ(`${what}: status`, seen.provisioningStatus, isDisabled ? "disabled" : "enabled"),
        ...differ(`${what}: iotEdge`, seen.capabilities.iotEdge, group.iotEdge),
        ...differ(
            `${what}: reprovisioning`,
            [updateHubAssignment, migrateDeviceData],
            [group.reprovision !== "keep", group.reprovision === "migrate"],
        ),
        ...(group.allocationPolicy === undefined
            ? []
            : differ(`${what}: allocation`, seen.allocationPolicy, group.allocationPolicy)),
        ...differ(`${what}: initial tags`, seen.initialTwin?.tags ?? {}, group.initialTags),
        ...differ(
            `${what}: initial desired properties`,
            seen.initialTwin?.properties?.desired ?? {},
            group.initialDesired,
        ),
    ];
}
