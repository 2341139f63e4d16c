namespace Pgkeep.Postgres;

/// <summary>A CRC-32C that grows with what is appended; <c>default</c> is that of nothing. Mutable: hold it in a field, not a property.</summary>
internal struct Crc32CAccumulator
{
    // Stored finished, so that the default value, 0, is the checksum of no bytes.
    private uint _value;

    public readonly uint Value => _value;

    public void Append(ReadOnlySpan<byte> bytes) => _value = Crc32C.Final(Crc32C.Append(Crc32C.Final(_value), bytes));
}
