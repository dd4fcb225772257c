// Counts the records of one topic with franz-go, and does no more with them. `franz-go BROKERS TOPIC PARTITIONS
// RECORDS default|tuned` reads every partition from its start without a group, ends after so many records, and prints
// `{"records":…,"firstRecordMs":…}`, the latter as ms since 1970. `tuned` hands the memory of records back for the
// next fetch; CRCs are checked either way, and offsets are never committed.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// With the records' memory in pools there is little to collect, and a larger heap costs nothing.
const tunedCollectorPercent = 400

// recordPools keeps the memory of records between fetches: what franz-go's allocations mostly are.
type recordPools struct{ raw, records sync.Pool }

func (pools *recordPools) GetKRecords(count int) []kmsg.Record {
	if kept, ok := pools.raw.Get().([]kmsg.Record); ok && cap(kept) >= count {
		return kept
	}
	return make([]kmsg.Record, 0, count)
}

func (pools *recordPools) PutKRecords(records []kmsg.Record) { pools.raw.Put(records) }

func (pools *recordPools) GetRecords(count int) []kgo.Record {
	if kept, ok := pools.records.Get().([]kgo.Record); ok && cap(kept) >= count {
		return kept
	}
	return make([]kgo.Record, 0, count)
}

func (pools *recordPools) PutRecords(records []kgo.Record) { pools.records.Put(records) }

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	if len(os.Args) != 6 {
		log.Fatal("usage: franz-go BROKERS TOPIC PARTITIONS RECORDS default|tuned")
	}
	topic, wanted, isTuned := os.Args[2], number(os.Args[4]), os.Args[5] == "tuned"
	offsets := map[int32]kgo.Offset{}
	for partition := range number(os.Args[3]) {
		offsets[int32(partition)] = kgo.NewOffset().AtStart()
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(os.Args[1], ",")...),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: offsets}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	}
	if isTuned {
		debug.SetGCPercent(tunedCollectorPercent)
		options = append(options, kgo.WithPools(&recordPools{}))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		log.Fatal(err)
	}
	records := 0
	var firstRecord time.Time
	for records < wanted {
		fetches := client.PollFetches(context.Background())
		if errors := fetches.Errors(); len(errors) > 0 {
			log.Fatal(errors)
		}
		if records == 0 {
			firstRecord = time.Now()
		}
		fetches.EachPartition(func(partition kgo.FetchTopicPartition) {
			records += len(partition.Records)
			if isTuned {
				for _, record := range partition.Records {
					record.Recycle()
				}
			}
		})
	}
	fmt.Printf("{\"records\":%d,\"firstRecordMs\":%d}\n", records, firstRecord.UnixMilli())
}
