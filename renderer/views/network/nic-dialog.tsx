/** The dialog for a VM's network card. Invariant: what is sent is only what was changed, and only while it may be. */
import { useState } from 'react';
import { DEFAULT_NETWORK_NAME, NIC_TYPES } from '../../../preload/contract/network.ts';
import type { NicType, VmView } from '../../../preload/contract/contract.ts';
import { refusal } from '../../text/refusal.ts';
import { SelectField } from '../../kit/select-field.tsx';
import { useAsked } from '../../host/asked.ts';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog } from '../dialogs/dialog-parts.tsx';

export function NicDialog({ vm }: { readonly vm: VmView }) {
  const { bridge } = useServices();
  const [network, setNetwork] = useState(vm.nic.network);
  const [type, setType] = useState(vm.nic.type);
  const unchanged = network === vm.nic.network && type === vm.nic.type;
  const change = {
    ...(network !== vm.nic.network && { network }),
    ...(type !== vm.nic.type && { type }),
  };
  return (
    <CommandDialog
      title={texts.network.nic.title(vm.name)}
      label={texts.actions.save}
      reason={refusal('nic.set', vm) ?? (unchanged ? texts.network.nic.unchanged : null)}
      wrong={false}
      send={() => bridge.call('nic.set', { vm: vm.id, ...change })}
    >
      <CardFields network={network} type={type} onNetwork={setNetwork} onType={setType} first />
      <p className="field-hint">{texts.network.nic.when}</p>
    </CommandDialog>
  );
}

export interface CardFieldsProps {
  readonly network: string;
  readonly type: NicType;
  readonly onNetwork: (network: string) => void;
  readonly onType: (type: NicType) => void;
  readonly first?: boolean;
}

/** The choice of card and network, also for a new VM. */
export function CardFields({ network, type, onNetwork, onType, first = false }: CardFieldsProps) {
  const { answer } = useAsked('network.list', {});
  // Until the host has answered: what is chosen, and what is always there.
  const names = new Set([DEFAULT_NETWORK_NAME, network, ...(answer ?? []).map(({ name }) => name)]);
  const describe = (name: string): string => {
    const found = answer?.find((one) => one.name === name);
    return found ? `${name} (${found.subnet ?? `${texts.networks.uplink} ${found.uplink}`})` : name;
  };
  return (
    <>
      <SelectField
        label={texts.network.card}
        first={first}
        value={type}
        choices={NIC_TYPES.map((value) => ({ value, label: texts.network.typeChoices[value] }))}
        onChange={onType}
      />
      <SelectField
        label={texts.network.network}
        value={network}
        choices={[...names].map((name) => ({ value: name, label: describe(name) }))}
        onChange={onNetwork}
      />
    </>
  );
}
