using System.Buffers.Binary;

namespace Hearth.Devices.Storage.Ide;

/// <summary>What a CD drive answers: the data of packet commands, written to the start of a buffer. Each gives the length before the host's allocation cuts it.</summary>
internal static class AtapiReplies
{
    public const int SenseLength = 18;

    private const int InquiryLength = 36;
    private const int LeadOut = 0xAA;
    private const int DataTrack = 0x14;
    private const ushort CdProfile = 0x08;
    private const ushort DvdProfile = 0x10;

    // More than any CD holds: 90 minutes.
    private const ulong CdMaximum = 90 * 60 * 75;

    public static int Sense(Span<byte> data, AtapiSense sense)
    {
        data[..SenseLength].Clear();
        data[0] = 0x70;
        data[2] = sense.Key;
        data[7] = SenseLength - 8;
        data[12] = sense.Code;
        data[13] = sense.Qualifier;
        return SenseLength;
    }

    /// <summary>INQUIRY (SFF-8020i, section 10.8.2).</summary>
    public static int Inquiry(Span<byte> data)
    {
        data[..InquiryLength].Clear();
        data[0] = 0x05; // CD
        data[1] = 0x80; // removable
        data[3] = 0x21; // ATAPI 2, response format 1
        data[4] = InquiryLength - 5;
        "HEARTH  "u8.CopyTo(data[8..]);
        "CD-ROM          "u8.CopyTo(data[16..]);
        "1.0 "u8.CopyTo(data[32..]);
        return InquiryLength;
    }

    public static int Capacity(Span<byte> data, ulong sectors)
    {
        BinaryPrimitives.WriteUInt32BigEndian(data, (uint)sectors - 1);
        BinaryPrimitives.WriteUInt32BigEndian(data[4..], AtapiCd.BlockLength);
        return 8;
    }

    /// <summary>READ TOC/PMA/ATIP (section 10.8.19): one data track in one session.</summary>
    /// <param name="format">0 for the table, 1 for the sessions, 2 for the lead-in as it is on the disc.</param>
    /// <returns>0 for what there is not.</returns>
    public static int Toc(Span<byte> data, int format, int firstTrack, bool inMinutes, ulong sectors)
    {
        switch (format)
        {
            case 0 when firstTrack is <= 1 or LeadOut:
                return Table(data, firstTrack, inMinutes, sectors);
            case 1:
                data[..12].Clear();
                data[1] = 10;
                data[2] = 1;
                data[3] = 1;
                data[5] = DataTrack;
                data[6] = 1;
                PutAddress(data[8..], 0, inMinutes);
                return 12;
            case 2:
                return FullTable(data, sectors);
            default:
                return 0;
        }
    }

    /// <summary>GET CONFIGURATION (MMC-3, section 6.6): the profile of the disc, and what every drive can do.</summary>
    public static int Configuration(Span<byte> data, ulong sectors)
    {
        ushort profile = ProfileOf(sectors);
        data[..40].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(data, 36);
        BinaryPrimitives.WriteUInt16BigEndian(data[6..], profile);

        // Profile list: both that there can be.
        data[10] = 0x03;
        data[11] = 8;
        BinaryPrimitives.WriteUInt16BigEndian(data[12..], DvdProfile);
        data[14] = profile == DvdProfile ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16BigEndian(data[16..], CdProfile);
        data[18] = profile == CdProfile ? (byte)1 : (byte)0;

        // Core: ATAPI.
        data[21] = 0x01;
        data[22] = 0x0B;
        data[23] = 8;
        data[27] = 0x02;
        data[28] = 1;

        // Removable medium: a tray that can be locked.
        data[33] = 0x03;
        data[34] = 0x03;
        data[35] = 4;
        data[36] = 0x29;
        return 40;
    }

    /// <summary>GET EVENT STATUS NOTIFICATION (MMC-3, section 6.7) for the class of media, the only one there is.</summary>
    /// <param name="mediaEvent">0 for none, 1 for an eject request, 2 for a new medium, 3 for one that is gone.</param>
    public static int MediaEvent(Span<byte> data, bool isAsked, byte mediaEvent, bool isOpen, bool hasMedium)
    {
        const byte MediaClass = 4;
        const byte NoEvents = 0x80;
        data[..8].Clear();
        data[3] = 1 << MediaClass;
        if (!isAsked)
        {
            data[2] = NoEvents;
            return 4;
        }

        data[1] = 6;
        data[2] = MediaClass;
        data[4] = mediaEvent;
        data[5] = (byte)((isOpen ? 1 : 0) | (hasMedium ? 2 : 0));
        return 8;
    }

    /// <summary>READ DISC INFORMATION (MMC-3, section 6.20): complete, one session, one track.</summary>
    public static int DiscInformation(Span<byte> data)
    {
        data[..34].Clear();
        data[1] = 32;
        data[2] = 0x0E;
        data[3] = 1;
        data[4] = 1;
        data[5] = 1;
        data[6] = 1;
        data[7] = 0x20;
        return 34;
    }

    /// <summary>READ SUB-CHANNEL (SFF-8020i, section 10.8.18): no audio is played.</summary>
    public static int Subchannel(Span<byte> data)
    {
        data[..4].Clear();
        data[1] = 0x15;
        return 4;
    }

    public static int MechanismStatus(Span<byte> data)
    {
        data[..8].Clear();
        return 8;
    }

    /// <summary>A mode page, changeable values left out (SFF-8020i, section 10.8.6).</summary>
    /// <returns>Bytes of the page, or of all; 0 for one that there is not.</returns>
    public static int ModePages(Span<byte> data, int page, bool isLocked)
    {
        const int All = 0x3F;
        int length = 0;
        if (page is 0x01 or All)
        {
            // Read error recovery: whatever the drive does by itself.
            Span<byte> to = data.Slice(length, 8);
            to.Clear();
            to[0] = 0x01;
            to[1] = 6;
            to[3] = 5;
            length += 8;
        }

        if (page is 0x0E or All)
        {
            // Audio control.
            Span<byte> to = data.Slice(length, 16);
            to.Clear();
            to[0] = 0x0E;
            to[1] = 14;
            to[2] = 4;
            length += 16;
        }

        if (page is 0x2A or All)
        {
            // Capabilities: reads CDs and DVDs, a tray, can be locked; 1 × is 176 kB/s.
            Span<byte> to = data.Slice(length, 20);
            to.Clear();
            to[0] = 0x2A;
            to[1] = 18;
            to[2] = 0x0B;
            to[4] = 0x70;
            to[6] = (byte)(0x29 | (isLocked ? 0x02 : 0));
            BinaryPrimitives.WriteUInt16BigEndian(to[8..], 706);
            BinaryPrimitives.WriteUInt16BigEndian(to[12..], 512);
            BinaryPrimitives.WriteUInt16BigEndian(to[14..], 706);
            length += 20;
        }

        return length;
    }

    private static ushort ProfileOf(ulong sectors) => sectors switch
    {
        0 => 0,
        <= CdMaximum => CdProfile,
        _ => DvdProfile,
    };

    private static int Table(Span<byte> data, int firstTrack, bool inMinutes, ulong sectors)
    {
        data[..20].Clear();
        data[2] = 1;
        data[3] = 1;
        int length = 4;
        if (firstTrack != LeadOut)
            length += Track(data[length..], 1, 0, inMinutes);
        length += Track(data[length..], LeadOut, sectors, inMinutes);
        data[1] = (byte)(length - 2);
        return length;
    }

    private static int Track(Span<byte> data, int number, ulong sector, bool inMinutes)
    {
        data[1] = DataTrack;
        data[2] = (byte)number;
        PutAddress(data[4..], sector, inMinutes);
        return 8;
    }

    /// <summary>The lead-in: first track, last track, lead-out, and the track itself (table 78).</summary>
    private static int FullTable(Span<byte> data, ulong sectors)
    {
        const int Entry = 11;
        data[..48].Clear();
        data[1] = 46;
        data[2] = 1;
        data[3] = 1;
        for (int i = 0; i < 4; i++)
        {
            Span<byte> to = data.Slice(4 + (i * Entry), Entry);
            to[0] = 1;
            to[1] = DataTrack;
            to[3] = (byte)(i < 3 ? 0xA0 + i : 1);
            if (i < 2)
                to[8] = 1;
            else
                PutMinutes(to[8..], i == 2 ? sectors : 0);
        }

        return 48;
    }

    private static void PutAddress(Span<byte> data, ulong sector, bool inMinutes)
    {
        if (inMinutes)
            PutMinutes(data[1..], sector);
        else
            BinaryPrimitives.WriteUInt32BigEndian(data, (uint)sector);
    }

    /// <summary>Minutes, seconds and frames; a disc's first sector is at two seconds.</summary>
    private static void PutMinutes(Span<byte> data, ulong sector)
    {
        ulong frames = Math.Min(sector, 255 * 60 * 75) + 150;
        data[0] = (byte)(frames / 75 / 60);
        data[1] = (byte)(frames / 75 % 60);
        data[2] = (byte)(frames % 75);
    }
}
