using Hearth.Machine;

namespace Hearth.Devices.Storage.Ide;

/// <summary>What a host has set on a disk.</summary>
internal struct AtaSettings
{
    /// <summary>Multiword DMA mode 2 and Ultra DMA mode 5, as bits of the identify data.</summary>
    public const byte MultiwordModes = 0x07;
    public const byte UltraModes = 0x3F;

    private const int MultiwordMode = 0b0010_0000;
    private const int UltraMode = 0b0100_0000;
    private const int ModeNumber = 0b0000_0111;

    public AtaGeometry Geometry;

    /// <summary>Sectors that the multiple commands move at a time; 0 while they are not set up.</summary>
    public byte Multiple;
    public bool IsSmartOn;
    public bool HasWriteCache;
    public bool HasReadAhead;

    /// <summary>One bit at most: the chosen mode.</summary>
    public byte SelectedMultiword;
    public byte SelectedUltra;

    public static AtaSettings AtPowerOn(AtaGeometry geometry) => new()
    {
        Geometry = geometry,
        IsSmartOn = true,
        HasWriteCache = true,
        HasReadAhead = true,
        SelectedMultiword = 1 << 2,
    };

    public static AtaSettings Load(IStateReader from, int multipleMaximum)
    {
        var settings = new AtaSettings
        {
            Geometry = new AtaGeometry(from.ReadUInt16(), from.ReadByte(), from.ReadByte()),
            Multiple = from.ReadByte(),
            IsSmartOn = from.ReadBoolean(),
            HasWriteCache = from.ReadBoolean(),
            HasReadAhead = from.ReadBoolean(),
            SelectedMultiword = from.ReadByte(),
            SelectedUltra = from.ReadByte(),
        };
        if (settings.Multiple > multipleMaximum)
            throw new SavedStateException("The saved state of an IDE disk is damaged: it moves more sectors at a time than it can.");
        return settings;
    }

    public readonly void Save(IStateWriter to)
    {
        to.WriteUInt16((ushort)Geometry.Cylinders);
        to.WriteByte((byte)Geometry.Heads);
        to.WriteByte((byte)Geometry.Sectors);
        to.WriteByte(Multiple);
        to.WriteBoolean(IsSmartOn);
        to.WriteBoolean(HasWriteCache);
        to.WriteBoolean(HasReadAhead);
        to.WriteByte(SelectedMultiword);
        to.WriteByte(SelectedUltra);
    }

    /// <summary>SET FEATURES (section 8.46). The caches are the host's: what is written reaches stable storage by FLUSH CACHE, whatever is set.</summary>
    /// <returns>False when the subcommand is not known.</returns>
    public bool TrySetFeature(byte subcommand, byte value)
    {
        switch (subcommand)
        {
            case AtaCommand.FeatureTransferMode:
                return TrySetMode(value);
            case AtaCommand.FeatureEnableWriteCache or AtaCommand.FeatureDisableWriteCache:
                HasWriteCache = subcommand == AtaCommand.FeatureEnableWriteCache;
                return true;
            case AtaCommand.FeatureEnableReadAhead or AtaCommand.FeatureDisableReadAhead:
                HasReadAhead = subcommand == AtaCommand.FeatureEnableReadAhead;
                return true;
            case AtaCommand.FeatureKeepSettings or AtaCommand.FeatureRevertSettings:
                return true;
            default:
                return false;
        }
    }

    /// <summary>Table 45: PIO modes are accepted and make no difference.</summary>
    private bool TrySetMode(byte value)
    {
        byte bit = (byte)(1 << (value & ModeNumber));
        switch (value & ~ModeNumber)
        {
            case 0 or 0b0000_1000:
                return true;
            case MultiwordMode when (bit & MultiwordModes) != 0:
                (SelectedMultiword, SelectedUltra) = (bit, 0);
                return true;
            case UltraMode when (bit & UltraModes) != 0:
                (SelectedMultiword, SelectedUltra) = (0, bit);
                return true;
            default:
                return false;
        }
    }
}
