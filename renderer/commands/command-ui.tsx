import { Button, Header, Keyboard, Menu, MenuItem, MenuSection, Text } from "react-aria-components";
import { hostKeyNames, isMac, usePreferences } from "../features/preferences/store.ts";
import { Hint } from "../ui/controls.tsx";
import { type Command, type CommandContext, execute, isEnabled } from "./command.ts";
import { describeKeys } from "./keys.ts";

/** The words for a command's keys, by the host key that is set. */
export function useKeyWords(): (keys: string | undefined) => string | undefined {
  const hostKey = usePreferences((state) => state.hostKey);
  return (keys) => (keys === undefined ? undefined : describeKeys(keys, hostKeyNames[hostKey], isMac));
}

interface ButtonProps {
  command: Command;
  context: CommandContext;
  /** Shows the label beside the icon where there is room. */
  labelled?: boolean;
}

/** A command on a toolbar. */
export function CommandButton({ command, context, labelled }: ButtonProps) {
  const keyWords = useKeyWords();
  const Icon = command.icon;
  const label = command.label.replace(/…$/, "");
  return (
    <Hint text={label} keys={keyWords(command.keys)}>
      <Button
        className={labelled ? "tool-button" : "icon-button"}
        aria-label={label}
        data-command={command.id}
        isDisabled={!isEnabled(command, context)}
        onPress={() => execute(command, context)}
      >
        {Icon && <Icon aria-hidden />}
        {labelled && <span className="tool-label">{label}</span>}
      </Button>
    </Hint>
  );
}

interface MenuProps {
  label: string;
  commands: readonly Command[];
  context: CommandContext;
}

/** Commands as a menu, by their groups; what cannot be done now is greyed. */
export function CommandMenu({ label, commands, context }: MenuProps) {
  const keyWords = useKeyWords();
  const groups = [...new Set(commands.map((command) => command.group))];
  return (
    <Menu
      aria-label={label}
      className="menu"
      disabledKeys={commands.filter((command) => !isEnabled(command, context)).map((command) => command.id)}
      onAction={(id) => {
        const command = commands.find((candidate) => candidate.id === id);
        if (command) execute(command, context);
      }}
    >
      {groups.map((group) => (
        <MenuSection key={group} aria-label={group}>
          {groups.length > 1 && <Header className="menu-header">{group}</Header>}
          {commands
            .filter((command) => command.group === group)
            .map((command) => (
              <MenuItem key={command.id} id={command.id} className="menu-item" textValue={command.label}>
                <span className="menu-icon">{command.icon && <command.icon aria-hidden />}</span>
                <Text slot="label">{command.label}</Text>
                {command.keys && <Keyboard>{keyWords(command.keys)}</Keyboard>}
              </MenuItem>
            ))}
        </MenuSection>
      ))}
    </Menu>
  );
}
