using System.Buffers.Binary;
using System.Text;
using Hearth.Machine;

namespace Hearth.Devices.Storage.Ide;

/// <summary>A CD drive (ATA/ATAPI-6, section 8.21 and 8.22; SFF-8020i revision 2.6; MMC-3): data discs of one track.</summary>
internal sealed class AtapiCd : IdeDrive
{
    /// <summary>Bytes of a sector.</summary>
    public const int BlockLength = 2048;

    private const int PacketLength = 12;
    private const int IdentityLength = 512;
    private const int ReplyMaximum = 0xFFFE;

    // The interrupt reason register (section 9.7): command or data, and to the host.
    private const byte ReasonCommand = 1 << 0;
    private const byte ReasonToHost = 1 << 1;

    private const byte FeatureDma = 1 << 0;
    private const int SignatureByteCount = 0xEB14;

    private const byte NewMedium = 2;
    private const byte MediumRemoved = 3;

    private const byte StartBit = 1 << 0;
    private const byte LoadEject = 1 << 1;

    private IBlockBackend? _medium;
    private AtapiSense _sense;
    private AtapiSense _attention;
    private byte _mediaEvent;
    private bool _isOpen;
    private bool _isLocked;

    /// <param name="medium">Its bytes are sectors of 2048; null for none.</param>
    /// <param name="serial">At most 20 ASCII characters.</param>
    /// <exception cref="MachineException">The serial number is too long.</exception>
    public AtapiCd(IBlockBackend? medium, string serial)
        : base(serial)
    {
        ArgumentNullException.ThrowIfNull(serial);
        if (serial.Length > AtaIdentity.SerialLength || !Ascii.IsValid(serial))
            throw new MachineException($"The CD drive's serial number '{serial}' is not at most {AtaIdentity.SerialLength} ASCII characters.");
        _medium = medium;
    }

    protected override IBlockBackend? Backend => _medium;

    private bool HasMedium => _medium is not null && !_isOpen;

    private ulong SectorCount => HasMedium ? _medium!.Capacity / BlockLength : 0;

    private bool UsesDma => (Registers.Features & FeatureDma) != 0;

    /// <summary>Puts another disc in; the guest learns of it by a unit attention and an event. The drive is idle, or waits for the host.</summary>
    public void Change(IBlockBackend? medium)
    {
        if (Transfer is IdeTransfer.PioIn or IdeTransfer.DmaIn)
            FailTransfer();
        bool hadMedium = HasMedium;
        _medium = medium;
        _isOpen = false;
        if (HasMedium)
            (_attention, _mediaEvent) = (AtapiSense.MediumChanged, NewMedium);
        else if (hadMedium)
            _mediaEvent = MediumRemoved;
    }

    protected override void Execute(byte command)
    {
        switch (command)
        {
            case AtaCommand.Packet:
                Registers.Count = ReasonCommand;
                BeginPacket(PacketLength);
                break;
            case AtaCommand.IdentifyPacketDevice:
                DescribeDrive(Buffer[..IdentityLength]);
                BeginReply(IdeTransfer.PioIn, IdentityLength, IdentityLength);
                break;
            case AtaCommand.DeviceReset:
                SetSignature();
                break;
            case AtaCommand.SetFeatures when Registers.Features == AtaCommand.FeatureTransferMode:
            case AtaCommand.StandbyImmediate or AtaCommand.IdleImmediate or AtaCommand.Sleep or AtaCommand.FlushCache:
                Finish();
                break;
            case AtaCommand.CheckPowerMode:
                Registers.Count = byte.MaxValue;
                Finish();
                break;

            // The signature, so that a host that takes this for a disk knows better (section 8.15.5).
            case AtaCommand.IdentifyDevice or AtaCommand.ReadSectors:
                SetSignature();
                Fail(IdeError.Aborted);
                break;
            default:
                Fail(IdeError.Aborted);
                break;
        }
    }

    protected override void ExecutePacket(ReadOnlySpan<byte> packet)
    {
        Span<byte> copy = stackalloc byte[PacketLength];
        packet[..PacketLength].CopyTo(copy);
        byte command = copy[0];
        if (_attention.IsUnitAttention && command is not (AtapiCommand.Inquiry or AtapiCommand.RequestSense or AtapiCommand.GetConfiguration or AtapiCommand.GetEventStatus))
        {
            AtapiSense attention = _attention;
            _attention = AtapiSense.None;
            Refuse(attention);
            return;
        }

        if (command != AtapiCommand.RequestSense)
            _sense = AtapiSense.None;
        ExecuteChecked(copy);
    }

    protected override void SetSignature()
    {
        ref TaskFile registers = ref Registers;
        registers.Count = 1;
        registers.LbaLow = 1;
        registers.ByteCount = SignatureByteCount;
        registers.Device &= IdeRegisters.DeviceSelect;
        Error = IdeError.Passed;

        // A packet device is not ready, in the sense of a disk, before its first command (section 9.12).
        Status = IdeStatus.None;
    }

    protected override void ResetDrive()
    {
        _sense = AtapiSense.None;
        _attention = _medium is null ? AtapiSense.None : AtapiSense.PoweredOn;
        _mediaEvent = 0;
        _isOpen = false;
        _isLocked = false;
    }

    protected override void SaveDrive(IStateWriter to)
    {
        SaveSense(to, _sense);
        SaveSense(to, _attention);
        to.WriteByte(_mediaEvent);
        to.WriteBoolean(_isOpen);
        to.WriteBoolean(_isLocked);
    }

    protected override void RestoreDrive(IStateReader from)
    {
        _sense = LoadSense(from);
        _attention = LoadSense(from);
        _mediaEvent = from.ReadByte();
        _isOpen = from.ReadBoolean();
        _isLocked = from.ReadBoolean();
    }

    protected override void FailTransfer() => Refuse(AtapiSense.Unreadable);

    protected override void NoteBlockIn(int length)
    {
        // IDENTIFY PACKET DEVICE moves its data as a disk does.
        Registers.Count = ReasonToHost;
        Registers.ByteCount = length;
    }

    protected override void FinishPioIn() => Finish();

    protected override void Finish()
    {
        Registers.Count = ReasonCommand | ReasonToHost;
        base.Finish();
    }

    protected override bool CanInterrupt(byte command) => command == AtaCommand.DeviceReset;

    private void ExecuteChecked(ReadOnlySpan<byte> packet)
    {
        switch (packet[0])
        {
            case AtapiCommand.RequestSense:
                AtapiSense sense = _sense == AtapiSense.None ? _attention : _sense;
                (_sense, _attention) = (AtapiSense.None, _sense == AtapiSense.None ? AtapiSense.None : _attention);
                Reply(AtapiReplies.Sense(Buffer, sense), packet[4]);
                break;
            case AtapiCommand.Inquiry:
                Reply(AtapiReplies.Inquiry(Buffer), packet[4]);
                break;
            case AtapiCommand.ModeSense6:
                SenseModes(packet, headerLength: 4, packet[4]);
                break;
            case AtapiCommand.ModeSense10:
                SenseModes(packet, headerLength: 8, Word(packet, 7));
                break;
            case AtapiCommand.GetConfiguration:
                Reply(AtapiReplies.Configuration(Buffer, SectorCount), Word(packet, 7));
                break;
            case AtapiCommand.GetEventStatus:
                GetEventStatus(packet);
                break;
            case AtapiCommand.MechanismStatus:
                Reply(AtapiReplies.MechanismStatus(Buffer), Word(packet, 8));
                break;
            case AtapiCommand.PreventAllow:
                _isLocked = (packet[4] & 1) != 0;
                Finish();
                break;
            case AtapiCommand.StartStop:
                StartOrStop(packet[4]);
                break;
            case AtapiCommand.SetSpeed:
                Finish();
                break;
            default:
                ExecuteOnMedium(packet);
                break;
        }
    }

    /// <summary>The commands that need a disc.</summary>
    private void ExecuteOnMedium(ReadOnlySpan<byte> packet)
    {
        bool isKnown = packet[0] is AtapiCommand.TestUnitReady or AtapiCommand.ReadCapacity or AtapiCommand.Read10 or AtapiCommand.Read12
            or AtapiCommand.Seek10 or AtapiCommand.ReadToc or AtapiCommand.ReadSubchannel or AtapiCommand.ReadDiscInformation;
        if (!isKnown)
        {
            Refuse(AtapiSense.UnknownCommand);
            return;
        }

        if (!HasMedium || SectorCount == 0)
        {
            Refuse(_isOpen ? AtapiSense.TrayOpen : AtapiSense.NoMedium);
            return;
        }

        switch (packet[0])
        {
            case AtapiCommand.ReadCapacity:
                Reply(AtapiReplies.Capacity(Buffer, SectorCount), ReplyMaximum);
                break;
            case AtapiCommand.Read10:
                Read(Dword(packet, 2), (uint)Word(packet, 7));
                break;
            case AtapiCommand.Read12:
                Read(Dword(packet, 2), Dword(packet, 6));
                break;
            case AtapiCommand.Seek10 when Dword(packet, 2) >= SectorCount:
                Refuse(AtapiSense.OutOfRange);
                break;
            case AtapiCommand.ReadToc:
                ReadToc(packet);
                break;
            case AtapiCommand.ReadSubchannel:
                Reply(AtapiReplies.Subchannel(Buffer), Word(packet, 7));
                break;
            case AtapiCommand.ReadDiscInformation:
                Reply(AtapiReplies.DiscInformation(Buffer), Word(packet, 7));
                break;
            default:
                Finish();
                break;
        }
    }

    private void Read(uint sector, uint count)
    {
        const uint MostSectors = int.MaxValue / BlockLength;
        if (sector >= SectorCount || count > SectorCount - sector || count > MostSectors)
            Refuse(AtapiSense.OutOfRange);
        else if (count == 0)
            Finish();
        else
            Begin(UsesDma ? IdeTransfer.DmaIn : IdeTransfer.PioIn, sector * (ulong)BlockLength, (int)count * BlockLength, HostBlock());
    }

    private void ReadToc(ReadOnlySpan<byte> packet)
    {
        // Drives of SFF-8020i have the format in the last byte's upper bits.
        int format = packet[2] & 0x0F;
        if (format == 0)
            format = packet[9] >> 6;
        int length = AtapiReplies.Toc(Buffer, format, packet[6], inMinutes: (packet[1] & 2) != 0, SectorCount);
        if (length == 0)
            Refuse(AtapiSense.InvalidField);
        else
            Reply(length, Word(packet, 7));
    }

    private void SenseModes(ReadOnlySpan<byte> packet, int headerLength, int allocated)
    {
        const int ChangeableValues = 1;
        int page = packet[2] & 0x3F;
        Span<byte> header = Buffer[..headerLength];
        header.Clear();
        int pages = AtapiReplies.ModePages(Buffer[headerLength..], page, _isLocked);
        if (pages == 0 || packet[2] >> 6 == ChangeableValues)
        {
            Refuse(AtapiSense.UnsupportedPage);
            return;
        }

        int length = headerLength + pages;
        if (headerLength == 4)
            header[0] = (byte)(length - 1);
        else
            BinaryPrimitives.WriteUInt16BigEndian(header, (ushort)(length - 2));
        Reply(length, allocated);
    }

    private void GetEventStatus(ReadOnlySpan<byte> packet)
    {
        const byte Polled = 1;
        const byte MediaClass = 1 << 4;
        if ((packet[1] & Polled) == 0)
        {
            // Without polling the drive would answer when something happens.
            Refuse(AtapiSense.InvalidField);
            return;
        }

        bool isAsked = (packet[4] & MediaClass) != 0;
        int length = AtapiReplies.MediaEvent(Buffer, isAsked, _mediaEvent, _isOpen, HasMedium);
        if (isAsked)
            _mediaEvent = 0;
        Reply(length, Word(packet, 7));
    }

    private void StartOrStop(byte operation)
    {
        if ((operation & LoadEject) == 0)
        {
            Finish();
            return;
        }

        bool opens = (operation & StartBit) == 0;
        if (opens && _isLocked)
        {
            Refuse(AtapiSense.RemovalPrevented);
            return;
        }

        if (opens != _isOpen)
        {
            _isOpen = opens;
            if (HasMedium)
                (_attention, _mediaEvent) = (AtapiSense.MediumChanged, NewMedium);
            else if (_medium is not null)
                _mediaEvent = MediumRemoved;
        }

        Finish();
    }

    /// <summary>Gives the host the reply in the buffer, as much of it as it has room for.</summary>
    private void Reply(int length, int allocated)
    {
        length = Math.Min(length, allocated);
        if (length == 0)
            Finish();
        else
            BeginReply(UsesDma ? IdeTransfer.DmaIn : IdeTransfer.PioIn, length, HostBlock());
    }

    /// <summary>The most bytes the host takes at a time: an even number, and 0 means all that the register can say (section 8.22.2).</summary>
    private int HostBlock()
    {
        int limit = Registers.ByteCount & ReplyMaximum;
        return limit == 0 ? ReplyMaximum : limit;
    }

    /// <summary>Ends a packet command with CHECK CONDITION; the error register has the sense key in its upper half.</summary>
    private void Refuse(AtapiSense sense)
    {
        _sense = sense;
        Registers.Count = ReasonCommand | ReasonToHost;
        Fail((IdeError)(sense.Key << 4) | IdeError.Aborted);
    }

    private void DescribeDrive(Span<byte> data)
    {
        data.Clear();
        AtaIdentity.Word(data, 0, 0x85C0); // a packet device, CD, removable, 12 bytes a packet, DRQ within 3 ms
        AtaIdentity.Text(data, 10, 10, Serial);
        AtaIdentity.Text(data, 23, 4, "1.0");
        AtaIdentity.Text(data, 27, 20, "HEARTH CD-ROM");
        AtaIdentity.Word(data, 49, 0x0F00);
        AtaIdentity.Word(data, 53, 0x0007);
        AtaIdentity.Word(data, 63, AtaSettings.MultiwordModes | 0x0400);
        AtaIdentity.Word(data, 64, 0x0003);
        for (int word = 65; word <= 68; word++)
            AtaIdentity.Word(data, word, 120);
        AtaIdentity.Word(data, 80, 0x007E);
        AtaIdentity.Word(data, 82, 0x4210); // packet, device reset, NOP
        AtaIdentity.Word(data, 83, 0x4000);
        AtaIdentity.Word(data, 84, 0x4000);
        AtaIdentity.Word(data, 85, 0x4210);
        AtaIdentity.Word(data, 87, 0x4000);
        AtaIdentity.Word(data, 88, AtaSettings.UltraModes);
        AtaIdentity.Word(data, 93, 0x6001);
    }

    private static int Word(ReadOnlySpan<byte> packet, int at) => BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);

    private static uint Dword(ReadOnlySpan<byte> packet, int at) => BinaryPrimitives.ReadUInt32BigEndian(packet[at..]);

    private static void SaveSense(IStateWriter to, AtapiSense sense)
    {
        to.WriteByte(sense.Key);
        to.WriteByte(sense.Code);
        to.WriteByte(sense.Qualifier);
    }

    private static AtapiSense LoadSense(IStateReader from) => new(from.ReadByte(), from.ReadByte(), from.ReadByte());
}
