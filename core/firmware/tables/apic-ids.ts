/** As the MP table and ACPI's MADT tell them. */
export const LOCAL_APIC_ID = 0;
export const IO_APIC_ID = 1;
